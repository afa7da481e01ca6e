"""Somebody got up at night: what linod-ctl says is enough, and each line that it prints can be typed."""

import re

from tests.system.machine import Machine
from tests.system.site import Site


def test_show_job_explains_a_failure_and_its_lines_can_be_typed(machine: Machine, site: Site) -> None:
    site.start()
    job = site.run_now("breaks")
    site.run_now("quick")

    told = site.ctl("show-job", str(job["id"])).out

    assert told.startswith(f"Job {job['id']} of breaks failed after ")
    assert "Why: requested by root at " in told
    assert "Outcome: its procedure raised an exception: ValueError: bad voucher 17; its process ended with" in told
    assert re.search(r"\n +Used: \S.*(CPU time|not counted)", told), told
    assert 'in breaks\n    raise ValueError("bad voucher 17")\nValueError: bad voucher 17\n' in told
    assert "INFO voucher 17 is next\n" in told
    [command] = re.findall(r"(?m)^All of it: (journalctl .*)$", told)
    assert command == f"journalctl LINOD_SITE={site.name} LINOD_JOB={job['id']}"
    site.wait_for_text("ValueError: bad voucher 17", f"LINOD_JOB={job['id']}")
    journal = machine.sh(f"{command} -o cat").out
    assert "voucher 17 is next" in journal and "ValueError: bad voucher 17" in journal
    assert "the only line" not in journal

    [enable] = re.findall(r"(?m)^ +(linod-ctl .* enable breaks)$", told)
    machine.sh(enable)
    assert not site.task("breaks")["disabled"]


def test_changes_say_who_changed_what_and_so_does_the_journal(machine: Machine, site: Site) -> None:
    site.start()
    site.ctl("set", "quick", "every=5", "every_unit=minutely", "timeout=90s")
    site.ctl("disable", "quick")

    lines = site.ctl("changes", "quick").out.splitlines()

    assert " root (0:0) " in lines[3] and "disabled: no → yes" in lines[3]
    assert "every: 1 → 5" in lines[4] and "every_unit: never → minutely" in lines[4]
    assert "timeout: none → 1min 30s" in lines[4]
    site.wait_for_text("root (uid 0, gid 0) disabled System task", "LINOD_ACTION=disable")
    assert site.ctl("changes", "--since", "yesterday", "--until", "today").out.strip() == "No data to display"
    failed = site.ctl("jobs", "--outcome", "failed", "--since", "-1h", "breaks")
    assert failed.out.strip() == "No data to display"
