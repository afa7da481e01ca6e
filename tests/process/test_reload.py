"""Reload: new settings and plugins for new jobs, none of it for those that run, and no change at all when it fails."""

import shutil
import signal
from pathlib import Path

from tests.process.site import Site

PLUGIN = """
import os, select

VERSION = "{version}"  # of another length each time: Python takes a .pyc of the same second and size for good

@background_task(every_unit="never")
def hung(ar):
    with open(OUT, "a") as out:
        out.write(f"begins {{VERSION}}\\n")
    while not os.path.exists(OUT + ".go"):
        select.select([], [], [], 0.02)
    with open(OUT, "a") as out:
        out.write(f"ends {{VERSION}}\\n")

@background_task(every_unit="never")
def tells(ar):
    with open(OUT, "a") as out:
        out.write(f"tells {{VERSION}}\\n")
"""


def started(site: Site, **options: object) -> Site:
    site.plugin(PLUGIN.format(version="one"))
    site.start(options={"start_new_session": True, **options})
    return site


def refused(site: Site, code: int = 78) -> str:
    site.write_settings()
    done = site.ctl("reload")
    assert done.returncode == code, done.stderr
    return done.stderr


def host(site: Site) -> int:
    return int(site.status()["host"]["pid"])


def runs(site: Site, version: str) -> None:
    assert site.ctl("run-now", "tells", "--wait").returncode == 0
    assert site.output()[-1] == f"tells {version}"


def test_new_jobs_run_new_code_and_a_running_one_ends_undisturbed(site: Site) -> None:
    started(site)
    runs(site, "one")
    with site.client() as client:
        client.call("RunNow", task="hung")
    site.wait_until(lambda: "begins one" in site.output(), "the hung job")
    before = host(site)
    site.plugin(PLUGIN.format(version="three"))
    site.plugin("@background_task(every_unit='never')\ndef added(ar): pass\n", name="another")
    site.write_settings()

    done = site.ctl("reload")
    assert (done.returncode, done.stdout) == (0, "Reloaded: site_plugin, another; 3 procedures.\n"), done.stderr
    runs(site, "three")
    assert host(site) != before and Path(f"/proc/{before}").exists()
    assert site.task("added")["status"] == "Not scheduled"
    (site.directory / "out.go").touch()
    site.wait_until(lambda: "ends one" in site.output(), "the end of the hung job")
    site.wait_until(lambda: not Path(f"/proc/{before}").exists(), "the end of the old host")
    site.wait_until(lambda: [job["state"] for job in site.jobs("hung")] == ["succeeded"], "its row")
    assert site.stop() == 0
    assert "lost" not in site.log()


def test_a_job_of_the_old_host_can_be_killed(site: Site) -> None:
    started(site)
    with site.client() as client:
        client.call("RunNow", task="hung")
        site.wait_until(lambda: "begins one" in site.output(), "the hung job")
        assert site.ctl("reload").returncode == 0
        client.call("Kill", task="hung")
    site.wait_until(lambda: site.jobs("hung")[0]["state"] == "cancelled", "the end of the job")
    site.stop()


def test_a_stop_waits_for_the_old_host_s_job_too(site: Site) -> None:
    started(site)
    with site.client() as client:
        client.call("RunNow", task="hung")
    site.wait_until(lambda: "begins one" in site.output(), "the hung job")
    assert site.ctl("reload").returncode == 0
    site.signal(signal.SIGTERM)
    site.wait_for_log("Waiting for 1 running")
    (site.directory / "out.go").touch()
    assert site.wait_end() == 0
    assert site.output()[-1] == "ends one"


def test_a_broken_plugin_fails_the_reload_with_file_and_line(site: Site) -> None:
    started(site)
    before = host(site)
    site.plugin("\n\nraise ValueError('no such account')\n")
    err = refused(site)
    assert f"{site.directory}/site_plugin.py:5: ValueError: no such account" in err
    assert "nothing was changed" in err
    assert host(site) == before
    assert site.status()["plugins"][0]["ok"] is True
    runs(site, "one")
    site.wait_for_log("Reload failed: ")
    site.plugin(PLUGIN.format(version="three"))
    assert site.ctl("reload").returncode == 0
    runs(site, "three")
    site.stop()


def test_a_plugin_that_takes_the_host_down_or_hangs_fails_the_reload(site: Site) -> None:
    started(site)
    site.host["load_timeout"] = 1
    crash, hang = "import os; os._exit(7)", "import time; time.sleep(600)"
    for source, reason in ((crash, "ended with exit status 7"), (hang, "1 second")):
        site.plugin(source, name="bad")
        err = refused(site)
        assert reason in err and "bad" in err
        runs(site, "one")
    site.stop()


def test_broken_settings_fail_the_reload_with_file_and_line(site: Site) -> None:
    started(site)
    site.settings["max_jbos"] = 3
    err = refused(site)
    assert f"{site.file}:3: unknown setting 'max_jbos'; did you mean 'max_jobs'?" in err
    runs(site, "one")
    del site.settings["max_jbos"]
    site.settings |= {"max_jobs": 3, "time_zone": "Asia/Tokyo"}
    site.write_settings()
    assert site.ctl("reload").returncode == 0
    assert (site.status()["max_jobs"], site.status()["time_zone"]) == (3, "Asia/Tokyo")
    site.settings["database"] = f"sqlite:///{site.directory}/another.sqlite"
    assert "database has changed" in refused(site)
    assert "needs a restart" in refused(site)
    runs(site, "one")
    site.stop()


def test_systemd_hears_of_a_reload_and_of_its_end(site: Site) -> None:
    started(site)
    site.read_messages()
    site.forget_messages()
    assert site.ctl("reload").returncode == 0
    site.wait_for_message("READY=1")
    told = [message for message in site.messages if message.startswith(("RELOADING", "READY"))]
    assert told[0].startswith("RELOADING=1\nMONOTONIC_USEC=") and told[1].startswith("READY=1")
    site.stop()


def test_sighup_without_a_terminal_is_a_reload(site: Site) -> None:
    started(site)
    site.plugin(PLUGIN.format(version="three"))
    site.signal(signal.SIGHUP)
    site.wait_for_log("Reloaded; plugins: site_plugin")
    runs(site, "three")
    site.plugin("raise ValueError")
    site.signal(signal.SIGHUP)
    site.wait_for_log("Reload failed: ")
    runs(site, "three")
    assert site.stop() == 0


def test_a_stop_during_a_reload(site: Site) -> None:
    started(site)
    site.plugin("import time; open(OUT + '.imports', 'w').close(); time.sleep(600)")
    site.signal(signal.SIGHUP)
    site.wait_until(lambda: (site.directory / "out.imports").exists(), "the import")
    assert site.stop() == 0
    assert site.lines()[-1] == "Done"
    assert "linod is stopping" in site.log()


NIGHTLY = """
@schedule_daily(start_time="04:00", start_date="2026-01-01")
def nightly(ar): pass

@schedule_daily(start_time="04:00", start_date="2026-01-01", time_zone="Asia/Tokyo")
def tokyo(ar): pass
"""


def hours(site: Site) -> list[str]:
    """At which hour in UTC each task is due."""
    site.wait_until(lambda: all(site.task(name)["next_due"] for name in ("nightly", "tokyo")), "a plan")
    return [site.task(name)["next_due"][11:16] for name in ("nightly", "tokyo")]


def test_another_time_zone_has_the_tasks_planned_anew(site: Site) -> None:
    site.settings["time_zone"] = "Asia/Kolkata"
    site.plugin(NIGHTLY)
    site.start()
    assert hours(site) == ["22:30", "19:00"]
    site.settings["time_zone"] = "America/Phoenix"
    site.write_settings()
    assert site.ctl("reload").returncode == 0
    site.wait_until(lambda: hours(site) == ["11:00", "19:00"], "a plan in the new zone")
    text = "; the time zone is America/Phoenix instead of Asia/Kolkata, so all tasks are planned anew"
    site.wait_for_log(f"Reloaded; plugins: site_plugin{text}")
    assert site.ctl("reload").returncode == 0
    site.wait_for_log("Reloaded; plugins: site_plugin\n")  # and not a second time
    assert site.stop() == 0


def test_an_updated_tz_database_has_the_tasks_planned_anew(site: Site) -> None:
    """As its package does it: a file is replaced. Here the law of Arizona comes to India."""
    database = site.directory / "zoneinfo"
    shutil.copytree("/usr/share/zoneinfo/Asia", database / "Asia")
    shutil.copytree("/usr/share/zoneinfo/America", database / "America")
    (database / "tzdata.zi").write_text("# version 2026a\n")
    site.environ["PYTHONTZPATH"] = str(database)
    site.settings["time_zone"] = "Asia/Kolkata"
    site.plugin(NIGHTLY)
    site.start()
    assert hours(site) == ["22:30", "19:00"]
    (database / "Asia/Kolkata").unlink()
    shutil.copy(database / "America/Phoenix", database / "Asia/Kolkata")
    (database / "tzdata.zi").write_text("# version 2026bb\n")
    assert site.ctl("reload").returncode == 0
    site.wait_until(lambda: hours(site) == ["11:00", "19:00"], "a plan by the new law")
    assert site.stop() == 0
    assert "; the tz database was updated, so all tasks are planned anew" in site.log()
