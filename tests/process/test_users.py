"""Users of the site in a real daemon: in whose name jobs run, and who asked for them, as their procedures see it."""

import os
import pwd

from tests.process.site import Site

PLUGIN = """
@background_task(every_unit="never")
def whom(ar):
    def told(user):
        return user and "{username} {language} {time_zone}".format(**user)
    ar.info("for %s, asked by %s", told(ar.user), told(ar.request_user))
"""


def said(site: Site) -> str:
    """What a job says that is requested now."""
    done = site.ctl("run-now", "--wait", "whom")
    assert done.returncode == 0, done.stderr
    return site.ctl("log", "whom", "-n", "1").stdout.strip().rpartition("INFO ")[2]


def changed(site: Site, *words: str) -> None:
    done = site.ctl(*words)
    assert done.returncode == 0, done.stderr


def test_jobs_know_in_whose_name_they_run_and_who_asked(site: Site) -> None:
    me = pwd.getpwuid(os.geteuid()).pw_name
    site.plugin(PLUGIN)
    site.settings |= {"daemon_user": "robin", "time_zone": "Europe/Tallinn"}
    site.start()
    site.wait_for_message("READY=1")
    assert said(site) == "for robin None Europe/Tallinn, asked by None"  # nobody of this name is a user of the site

    changed(site, "add-user", me, "--language", "de", "--time-zone", "Asia/Tokyo")
    changed(site, "set-user", "robin", "language=fr")
    assert said(site) == f"for robin fr Europe/Tallinn, asked by {me} de Asia/Tokyo"

    site.settings |= {"daemon_user": me, "time_zone": "Europe/Brussels"}
    site.write_settings()
    changed(site, "reload")
    changed(site, "set-user", me, "time_zone=none")
    assert said(site) == f"for {me} de Europe/Brussels, asked by {me} de Europe/Brussels"
    assert site.stop() == 0

    site.forget_messages()
    site.start()
    site.wait_for_message("READY=1")
    assert said(site) == f"for {me} de Europe/Brussels, asked by {me} de Europe/Brussels"
    assert site.stop() == 0
