"""A database that cannot be written, read or believed: linod says so, harms nothing, and goes on when it is mended."""

from collections.abc import Iterator

import pytest

from tests.system.machine import Machine, Mounted, until
from tests.system.site import Site
from tests.system.varlink import Refused


@pytest.fixture
def small_disk(machine: Machine, site: Site) -> Iterator[Site]:
    """A site whose state directory is a file system of two megabytes."""
    machine.sh(
        f"mkdir -p {site.state}; mount -t tmpfs -o size=2M,mode=0700 tmpfs {site.state}; chown linod: {site.state}"
    )
    yield site
    machine.run("systemctl", "stop", site.socket, site.service, timeout=90)


def test_a_full_disk_holds_up_jobs_until_there_is_room(machine: Machine, small_disk: Site) -> None:
    site = small_disk
    site.start()
    pid = site.pid
    site.ctl("enable", "each_second")
    assert site.run_now("quick")["outcome"] == "succeeded"
    machine.run("bash", "-c", f"head -c 4M /dev/zero >{site.state}/fill", code=1)

    def refused() -> Refused | None:
        try:  # what is left in the last page of the journal may take a request or two
            site.call("RunNow", task="quick")
        except Refused as error:
            return error
        return None

    error = until(refused, "a request that is refused")
    assert error.name == "DatabaseAway"
    assert "make room on the file system of" in error.parameters["text"]
    assert "full" in until(lambda: site.status()["database_problem"], "a claim that meets it")
    assert site.status()["needs_human"]
    assert site.ctl("status", "--check", code=1).out.startswith("The database is away")

    # The status has looked for itself; the loop says it when its next claim meets it.
    site.wait_for_text("make room on the file system of", "-p", "err")

    machine.run("rm", f"{site.state}/fill")
    until(lambda: site.status()["database_problem"] is None, "the database back")
    assert site.run_now_when_ready("quick")["outcome"] == "succeeded"
    assert site.pid == pid
    site.wait_for_text("The database answers again.", "-p", "warning")


def test_a_database_that_may_not_be_written_is_named(machine: Machine, site: Site) -> None:
    site.start()
    site.run_now("quick")
    site.stop()
    file = f"{site.state}/linod.sqlite"
    machine.sh(f"chown root: {file}; chmod 444 {file}")
    site.systemctl("start", code=1)

    assert site.show("ExecMainStatus") == "78"
    assert f"{file} cannot be written" in " ".join(site.texts("-p", "err"))
    assert site.show("NRestarts") == "0"
    machine.sh(f"chown linod: {file}; chmod 600 {file}")
    site.start()
    assert len(site.jobs("quick")) == 1


def test_what_is_no_database_is_refused_and_left_as_it_is(machine: Mounted, site: Site) -> None:
    site.start()
    site.run_now("quick")
    site.stop()
    file = f"{site.state}/linod.sqlite"
    machine.sh(f"cp -p {file} {file}.good; yes nonsense | head -c 8192 | dd of={file} conv=notrunc status=none")
    damaged = machine.path(file).read_bytes()
    site.systemctl("start", code=1)

    assert site.show("ExecMainStatus") == "78" and site.show("NRestarts") == "0"
    assert f"{file} is not an SQLite database" in " ".join(site.texts("-p", "err"))
    assert machine.path(file).read_bytes() == damaged
    machine.sh(f"mv {file}.good {file}")
    site.start()
    assert [job["outcome"] for job in site.jobs("quick")] == ["succeeded"]


def test_newer_tables_are_refused_and_left_as_they_are(machine: Mounted, site: Site) -> None:
    """What a downgrade over a change of the tables meets."""
    site.start()
    site.run_now("quick")
    site.stop()
    file = f"{site.state}/linod.sqlite"
    insert = "db.execute('INSERT INTO linod_schema (version) VALUES (99)')"
    version = f"import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); {insert}"
    machine.run("runuser", "-u", "linod", "--", "python3", "-c", f"{version}; db.commit()", file)
    newer = machine.path(file).read_bytes()
    site.systemctl("start", code=1)

    assert site.show("ExecMainStatus") == "78" and site.show("NRestarts") == "0"
    assert "99" in " ".join(site.texts("-p", "err"))
    assert "99" in site.ctl("run-now", "quick", code=78).err
    assert machine.path(file).read_bytes() == newer


def test_a_damaged_database_is_named_and_a_backup_cures_it(machine: Machine, site: Site) -> None:
    site.start()
    site.run_now("quick")
    site.stop()
    file = f"{site.state}/linod.sqlite"
    machine.sh(f"cp -p {file} {file}.good")
    machine.sh(f"head -c 204800 /dev/urandom | dd of={file} bs=4096 seek=1 conv=notrunc status=none")
    site.systemctl("start", code=None)

    site.wait_for_text("the file is damaged: stop linod and restore a backup", "-p", "err")
    machine.run("systemctl", "stop", site.service)
    machine.sh(f"rm -f {file}-wal {file}-shm; mv {file}.good {file}")
    machine.run("systemctl", "reset-failed", site.service, site.socket, code=None)
    machine.run("systemctl", "start", site.socket, site.service)
    assert [job["outcome"] for job in site.jobs("quick")] == ["succeeded"]
    assert site.run_now("quick")["outcome"] == "succeeded"
