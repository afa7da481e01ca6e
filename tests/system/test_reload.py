"""systemctl reload: new settings and plugins without disturbing what runs, or no change and the reason."""

from tests.system.machine import Machine, until
from tests.system.site import PLACE, Site

ADDED = """
from linod import background_task

@background_task(every_unit="never")
def added(ar):
    ar.info("new code")
"""


def test_a_good_one_is_in_force_at_once_and_disturbs_no_job(machine: Machine, site: Site) -> None:
    site.start()
    job, pid = site.begin(), site.pid
    machine.write(f"{PLACE}/added_plugin.py", ADDED)
    site.configure(plugins=["machine_plugin", "added_plugin"], max_jobs=7)
    site.systemctl("reload")

    assert site.status()["max_jobs"] == 7
    assert site.run_now("added")["outcome"] == "succeeded"
    site.wait_for_text("new code", "LINOD_TASK=added")
    assert [found["id"] for found in site.status()["running"]] == [job["id"]]
    site.let_go()
    until(lambda: site.jobs("waits")[0]["outcome"] == "succeeded", "the end of the job that was running")
    assert site.pid == pid and site.is_active()


def test_a_bad_one_fails_and_changes_nothing(machine: Machine, site: Site) -> None:
    site.start()
    pid, before = site.pid, site.status()
    machine.write(site.file, machine.read(site.file).replace("stop_timeout", "stop_timeuot"))
    site.systemctl("reload", code=1)

    site.wait_for_text("did you mean 'stop_timeout'?")
    assert site.is_active() and site.pid == pid
    assert site.status()["max_jobs"] == before["max_jobs"]
    assert site.run_now("quick")["outcome"] == "succeeded"
    assert "stop_timeuot" in site.ctl("reload", code=78).err
    site.configure()
    site.systemctl("reload")
