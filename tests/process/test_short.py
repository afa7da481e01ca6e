"""One site from its first start to its end: the short process test that every supported set of libraries runs."""

from tests.process.site import Site

PLUGIN = """
@schedule_daily()
def greet(ar):
    "Say hello."
    ar.info("Hello from %s", ar.task.name)
    with open(OUT, "a") as out:
        out.write("greeted\\n")

@background_task(every_unit="never")
def boom(ar):
    raise ValueError("voucher 17 is unbalanced")
"""


def test_a_site_runs_what_is_due_takes_requests_and_stops_with_done(site: Site) -> None:
    site.plugin(PLUGIN)
    site.start()
    site.wait_until(lambda: site.output() == ["greeted"], "first run of a daily task")

    assert site.run_now("greet")["outcome"] == "succeeded"
    assert site.output() == ["greeted", "greeted"]

    failed = site.run_now("boom")
    assert (failed["outcome"], failed["message"]) == ("failed", "ValueError: voucher 17 is unbalanced")
    assert site.task("boom")["disabled"]
    done = site.ctl("run-now", "greet", "--wait")
    assert done.returncode == 0, done.stderr

    assert site.stop() == 0
    lines = site.lines()
    assert lines[-1] == "Done" and lines.count("Done") == 1
    assert "Start task runner using <Logger lino (INFO)>..." in lines
    assert "Hello from greet" in lines
    assert not (site.run / "control").exists() and not (site.run / "pid").exists()


def test_a_second_start_keeps_the_rows_and_runs_nothing_twice(site: Site) -> None:
    site.plugin(PLUGIN)
    site.start()
    site.wait_until(lambda: site.output() == ["greeted"], "first run of a daily task")
    site.wait_until(lambda: site.task("greet")["last_end_time"], "its end")
    site.stop()
    first = site.log()
    site.forget_messages()

    site.start()
    assert site.task("greet")["status"].startswith("Scheduled to run at ")
    assert site.task("boom")["status"] == "Not scheduled"
    site.stop()
    assert site.output() == ["greeted"]
    assert "Installed" not in site.log()[len(first) :]
