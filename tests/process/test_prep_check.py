"""`linod prep` and `linod check`."""

from tests.process.site import Site

PLUGIN = """
@schedule_daily()
def early(ar):
    with open(OUT, "a") as out:
        out.write("early\\n")

@schedule_daily(during_initdb=False)
def late(ar):
    with open(OUT, "a") as out:
        out.write("late\\n")

@schedule_often()
def often(ar):
    pass
"""


def test_prep_runs_the_loop_and_leaves_out_what_is_not_for_it(site: Site) -> None:
    site.plugin(PLUGIN)
    done = site.linod("prep")
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert lines[-2:] == ["Stop after 1 loops.", "Done"], lines
    assert site.output() == ["early"]

    site.start()
    site.wait_until(lambda: site.output() == ["early", "late"], "what prep left out")
    levels = {name: site.task(name)["log_level"] for name in ("early", "late", "often")}
    assert levels == {"early": "INFO", "late": "INFO", "often": "WARNING"}
    site.stop()


def test_prep_can_run_several_loops(site: Site) -> None:
    site.plugin(PLUGIN)
    done = site.linod("prep", "--loops", "3")
    assert done.returncode == 0
    assert "Stop after 3 loops." in done.stderr
    assert site.output() == ["early"]


def test_check_creates_nothing_and_finds_what_is_wrong(site: Site) -> None:
    site.plugin(PLUGIN)
    good = site.linod("check")
    assert good.returncode == 0, good.stdout + good.stderr
    assert not site.state.exists() and not site.run.exists()

    site.plugin("def f():\n    raise", name="empty_plugin")
    site.plugin("import nothing_like_this", name="broken_plugin")
    bad = site.linod("check")
    assert bad.returncode == 78
    assert "broken_plugin" in bad.stdout and "nothing_like_this" in bad.stdout


def test_check_beside_a_running_daemon_reads_only(site: Site) -> None:
    site.plugin(PLUGIN)
    site.start()
    before = sorted(path.name for path in site.state.iterdir())
    done = site.linod("check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 tasks" in done.stdout
    assert sorted(path.name for path in site.state.iterdir()) == before
    site.stop()


def test_an_unknown_key_is_refused_with_file_line_and_the_near_one(site: Site) -> None:
    site.settings["max_job"] = 3
    done = site.linod()
    assert done.returncode == 78
    assert f"{site.file}" in done.stderr and "max_job" in done.stderr and "'max_jobs'" in done.stderr
