"""The running daemon removes from its ledger what its policies do not keep."""

from tests.process.site import Site

PLUGIN = """
@background_task(every_unit="never")
def often(ar):
    ar.info("well")

@background_task(every_unit="never")
def other(ar):
    pass
"""


def ids(site: Site) -> list[int]:
    with site.client() as client:
        return [job["id"] for job in client.call("ListJobs", limit=100)["jobs"]]


def test_a_column_of_the_task_acts_at_once_and_the_settings_with_a_reload(site: Site) -> None:
    site.plugin(PLUGIN)
    site.start()
    first = site.run_now("other")["id"]
    jobs = [site.run_now("often")["id"] for _ in range(25)]

    assert site.ctl("set", "often", "keep_jobs=23").returncode == 0
    site.wait_until(lambda: ids(site) == [*jobs[:1:-1], first], "two jobs fewer")

    site.settings["keep_jobs"] = 20
    site.write_settings()
    assert site.ctl("set", "often", "keep_jobs=none").returncode == 0
    assert site.ctl("reload").returncode == 0
    site.wait_until(lambda: ids(site) == [*jobs[:4:-1], first], "five jobs fewer")

    done = site.ctl("show-job", str(jobs[0]))
    assert "old ones leave it, as keep_days and keep_jobs say" in done.stderr
    assert site.stop() == 0
