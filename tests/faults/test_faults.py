"""A database that is locked, full, gone or another; a daemon that stands still.

After each: only the work of running jobs was lost, one ERROR says what is wrong and what to do, one record that it is
over, and jobs run again. How soon is printed.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from linod.control.client import CallFailed
from tests.crash.site import CrashSite
from tests.faults.site import begin, each_reason_once, end_waiting, errors, goes_on, prepare
from tests.process.site import DEADLINE

BLOCKER = Path(__file__).parents[1] / "store" / "programs" / "blocker.py"


def test_a_removed_file(site: CrashSite, capsys: pytest.CaptureFixture[str]) -> None:
    """The end of a job that comes meanwhile is kept, and written when the file is back."""
    site.settings["log_level"] = "DEBUG"
    begin(site)
    kept = site.database.with_suffix(".kept")
    site.database.rename(kept)
    site.wait_for_log("put it back, linod tries again")
    since = len(site.log())
    site.wait_until(lambda: site.log()[since:].count("Let task runner sleep for 1.000000 seconds.") > 2, "third try")
    assert "sleep for 0.0" not in site.log()[since:]  # though a slot is overdue
    with pytest.raises(CallFailed, match="put it back"):
        site.run_now("quick")
    (site.directory / "out.go").touch()
    assert not site.database.exists()
    began = time.monotonic()
    kept.rename(site.database)
    goes_on(site, began, capsys)
    end_waiting(site)
    assert site.stop() == 0
    assert [line for line in errors(site) if "No such file" in line] == errors(site)
    assert len(errors(site)) == 1 and site.log().count("The database answers again.") == 1
    assert list(site.faults()) == []


def test_a_replaced_file(site: CrashSite, capsys: pytest.CaptureFixture[str]) -> None:
    """A backup is put in its place: jobs that stand unfinished in it, and do not run, are settled at once."""
    begin(site)
    backup = copy_of(site)
    with closing(sqlite3.connect(backup)) as copy:
        given = {"id": "NULL", "state": "'claimed'", "requested_at": "'2026-01-01 00:00:00.000000'"}
        columns = [row[1] for row in copy.execute("PRAGMA table_info(linod_job)")]
        values = ", ".join(given.get(name, name) for name in columns)
        copy.execute(f"INSERT INTO linod_job SELECT {values} FROM linod_job WHERE task_name = 'waits'")
        copy.commit()
    began = time.monotonic()
    backup.replace(site.database)
    goes_on(site, began, capsys)
    site.wait_for_log("The database answers again.")
    site.wait_until(lambda: "Reloaded" in site.log(), "the reload")
    end_waiting(site)
    lost = site.rows("SELECT state FROM linod_job WHERE requested_at LIKE '2026-01-01%'")
    assert [row["state"] for row in lost] == ["interrupted"]
    told = f"database {site.database} is another file now; linod looks whether it can go on with that one"
    assert errors(site) == [told]
    assert site.stop() == 0


def copy_of(site: CrashSite) -> Path:
    """A backup of the database, as `sqlite3 .backup` makes it."""
    backup = site.database.with_suffix(".backup")
    with closing(sqlite3.connect(site.database)) as connection, closing(sqlite3.connect(backup)) as copy:
        connection.backup(copy)
    return backup


def test_a_file_that_is_no_database_of_linod(site: CrashSite, capsys: pytest.CaptureFixture[str]) -> None:
    begin(site)
    kept = copy_of(site)
    other = site.database.with_suffix(".other")
    other.write_bytes(b"Dear Sir or Madam, " * 1000)
    other.replace(site.database)
    site.wait_for_log("is another file now")
    with pytest.raises(CallFailed, match="restore a backup"):
        site.run_now("quick")
    assert site.alive()
    began = time.monotonic()
    kept.replace(site.database)
    goes_on(site, began, capsys)
    end_waiting(site)
    assert each_reason_once(site)
    assert site.stop() == 0


# file systems of their own, in a mount namespace that ends with its process: nothing of them is left here


class Mounted:
    """A file system in a mount namespace of its own, over the state directory of a site."""

    def __init__(self, site: CrashSite, mount: str) -> None:
        site.state.mkdir(exist_ok=True)
        self.place = site.state
        script = f"{mount} && echo mounted && read -r line"
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
        pipe = subprocess.PIPE
        self._holder = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True)
        assert self._holder.stdout is not None
        if "mounted" not in (said := self._holder.stdout.readline()):
            self.close()
            pytest.skip(f"no file system can be mounted here: {said.strip()}")
        site.prefix = self.inside()

    def inside(self) -> list[str]:
        return ["nsenter", "--mount", "--target", str(self._holder.pid), "--"]

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """A shell script in there."""
        command = [*self.inside(), "sh", "-c", script]
        return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)

    def close(self) -> None:
        self._holder.communicate("end\n", timeout=DEADLINE)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a file system")


@needs_root
def test_a_full_disk(site: CrashSite, capsys: pytest.CaptureFixture[str]) -> None:
    """The end of a job that comes meanwhile is kept, and written when there is room."""
    mounted = Mounted(site, f"mount -t tmpfs -o size=2m tmpfs {site.state}")
    try:
        begin(site)
        mounted.run(f"cat /dev/zero > {site.state}/filler")
        (site.directory / "out.go").touch()
        site.wait_for_log("make room on the file system of")
        began = time.monotonic()
        mounted.run(f"rm {site.state}/filler")
        goes_on(site, began, capsys)
        end_waiting(site)
        assert site.stop() == 0
        assert each_reason_once(site) and site.log().count("The database answers again.") == 1
    finally:
        site.close()
        mounted.close()


@needs_root
def test_a_file_system_that_the_kernel_made_read_only(site: CrashSite, capsys: pytest.CaptureFixture[str]) -> None:
    """ext4 after an error of the disk. It must be mounted anew, and linod be started anew for that."""
    image = site.directory / "image"
    with image.open("wb") as file:
        file.truncate(8 << 20)
    mount = f"mount -o loop,errors=remount-ro {image} {site.state}"
    mounted = Mounted(site, f"mkfs.ext4 -q -F {image} && {mount}")
    try:
        begin(site)
        aborted = mounted.run(f"mount -o remount,abort {site.state}; grep emergency_ro /proc/mounts")
        if aborted.returncode:
            pytest.skip("this kernel cannot be told to take ext4 for broken")
        (site.directory / "out.go").touch()
        site.wait_until(lambda: errors(site), "an error")
        assert site.status()["database_problem"]
        with pytest.raises(CallFailed, match="linod tries again"):
            site.run_now("quick")
        assert site.alive() and each_reason_once(site)
        site.signal(signal.SIGTERM)
        site.wait_end()
        mended = mounted.run(f"umount {site.state} && (e2fsck -pf {image}; {mount})")
        assert mended.returncode == 0, mended.stderr
        began = time.monotonic()
        site.forget_messages()
        site.start()
        goes_on(site, began, capsys)
        assert [job["outcome"] for job in site.jobs("waits")] == ["interrupted"]  # its end could not be kept
        assert site.stop() == 0
    finally:
        site.close()
        mounted.close()


# what lasts: it goes on beside the other tests of this file


class Lasting:
    """A site that a fault has from the beginning of these tests, until it is over by itself."""

    def __init__(self, directory: Path, begin_fault: "Callable[[CrashSite], subprocess.Popen[str]]") -> None:
        self.site = CrashSite(directory)
        prepare(self.site)
        begin(self.site)
        self.fault = begin_fault(self.site)

    def over(self) -> float:
        """Wait for the end of the fault; returns the moment."""
        self.fault.communicate(timeout=2 * DEADLINE + 60)
        assert self.fault.returncode == 0
        return time.monotonic()

    def close(self) -> None:
        self.fault.kill()
        self.fault.wait(DEADLINE)
        self.site.close()


def lock_database(site: CrashSite) -> "subprocess.Popen[str]":
    """Another process has it for 60 s."""
    command = [sys.executable, str(BLOCKER), str(site.database), "NORMAL", "60"]
    blocker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert blocker.stdout is not None
    assert blocker.stdout.readline().strip() == "locked"
    (site.directory / "out.go").touch()
    return blocker


def suspend(site: CrashSite) -> "subprocess.Popen[str]":
    """The daemon stands still for 30 s, with a job that runs and ends meanwhile."""
    assert site.process is not None
    pid = site.process.pid
    stopped = subprocess.Popen(["sh", "-c", f"kill -STOP {pid}; sleep 30; kill -CONT {pid}"], text=True)
    site.wait_until(lambda: Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T", "its stop")
    (site.directory / "out.go").touch()
    return stopped


@pytest.fixture(scope="module", autouse=True)
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lasting, Lasting]]:
    directory = tmp_path_factory.mktemp("lasting")
    locked = Lasting(directory / "l", lock_database)
    suspended = Lasting(directory / "s", suspend)
    yield locked, suspended
    locked.close()
    suspended.close()


def test_a_daemon_that_stood_still_for_half_a_minute(
    lasting: tuple[Lasting, Lasting], capsys: pytest.CaptureFixture[str]
) -> None:
    suspended = lasting[1]
    site = suspended.site
    goes_on(site, suspended.over(), capsys)
    end_waiting(site)
    assert errors(site) == []
    assert site.stop() == 0
    assert list(site.faults()) == []


def test_a_database_that_another_process_has_locked_for_a_minute(
    lasting: tuple[Lasting, Lasting], capsys: pytest.CaptureFixture[str]
) -> None:
    locked = lasting[0]
    site = locked.site
    site.wait_for_log("another process has kept it for longer than 5 s, `fuser")
    goes_on(site, locked.over(), capsys)
    end_waiting(site)
    assert site.stop() == 0
    assert len(errors(site)) == 1 and site.log().count("The database answers again.") == 1
    assert list(site.faults()) == []
