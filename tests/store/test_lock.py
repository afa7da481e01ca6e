"""The lock beside the database and the pid file: looking, refusing, and taking over from a daemon that was killed."""

import json
import os
import signal
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from linod.clock import SystemClock
from linod.errors import Busy, ConfigurationError
from linod.lock import DatabaseLock, PidFile, ProcessId, end_leftovers, end_process, end_tree
from linod.lock.processes import locking
from tests.store.conftest import Start, line, tell

CLOCK = SystemClock()


def lock_file(database: Path) -> Path:
    return database.with_name(database.name + ".lock")


def alive(pid: int) -> bool:
    process = ProcessId.of(pid)
    return process is not None and process.alive()


def identity(pid: int) -> ProcessId:
    process = ProcessId.of(pid)
    assert process is not None
    return process


def daemon(start: Start, path: Path, *options: object) -> tuple["subprocess.Popen[str]", dict[str, int]]:
    """A daemon with a host and jobs, each a process; and their pids."""
    process = start("daemon.py", path, *options)
    pids: dict[str, int] = json.loads(line(process))
    process.started = [pid for name, pid in pids.items() if name != "daemon"]  # type: ignore[attr-defined]
    return process, pids


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait(10)


def test_the_holder_is_named_to_whoever_looks(path: Path) -> None:
    lock = DatabaseLock(path, "books")
    assert lock.look() is None
    assert not lock_file(path).exists()  # looking takes and makes nothing
    lock.acquire(CLOCK)
    lock.name_host(os.getppid())

    holder = DatabaseLock(path, "books").look()

    assert holder is not None
    assert (holder.site, holder.daemon, holder.host) == ("books", ProcessId.own(), identity(os.getppid()))
    lock.release()
    lock.release()
    assert DatabaseLock(path, "books").look() is None


def test_a_second_daemon_is_refused_at_once_and_told_by_whom(path: Path, start: Start) -> None:
    process, pids = daemon(start, path)
    lock = DatabaseLock(path, "books")
    before = CLOCK.monotonic()
    with pytest.raises(Busy, match=f"site books: pid {pids['daemon']} on .* since 2.*Z; .*linod@books.*--site books"):
        lock.acquire(CLOCK)
    assert CLOCK.monotonic() - before < 1
    with pytest.raises(ValueError, match="not open"):
        _ = lock.fd
    assert alive(pids["host"])
    tell(process, "end")
    process.wait(10)
    lock.acquire(CLOCK)
    lock.release()


def test_a_living_daemon_that_sees_another_boot_id_is_alive(path: Path, start: Start) -> None:
    """In a container of systemd-nspawn a service with ProtectProc= sees the kernel's, a shell the container's."""
    first, pids = daemon(start, path)
    holder = json.loads(lock_file(path).read_text())
    lock_file(path).write_text(json.dumps(holder | {"boot_id": str(uuid4())}))

    with pytest.raises(Busy, match=f"pid {first.pid} "):
        DatabaseLock(path, "books").acquire(CLOCK, wait=0.1)
    assert all(alive(pid) for pid in pids.values())

    kill(first)
    lock = DatabaseLock(path, "books")
    lock.acquire(CLOCK, wait=0.1)  # and its host is known for what it is
    lock.release()
    assert not any(alive(pid) for pid in pids.values())


def test_a_host_that_ends_its_jobs_by_itself_is_waited_for(path: Path, start: Start) -> None:
    process, pids = daemon(start, path, "obedient")
    kill(process)
    lock = DatabaseLock(path, "books")
    lock.acquire(CLOCK, wait=10)
    assert not alive(pids["host"])
    lock.release()


@pytest.mark.parametrize("frozen", [False, True])
def test_the_host_of_a_dead_daemon_is_ended_with_all_its_jobs(path: Path, start: Start, frozen: bool) -> None:
    """Also a host that stands still (SIGSTOP), whose jobs run on: they would run beside the new daemon's."""
    process, pids = daemon(start, path)
    bystander = start("idle.py")
    if frozen:
        os.kill(pids["host"], signal.SIGSTOP)
    kill(process)
    assert all(alive(pids[name]) for name in ("host", "job", "grandchild", "orphan"))

    lock = DatabaseLock(path, "books")
    lock.acquire(CLOCK, wait=0.2)

    assert not any(alive(pid) for name, pid in pids.items())
    assert bystander.poll() is None
    lock.release()


def test_a_host_that_was_never_written_down_is_found_by_the_lock_it_holds(path: Path, start: Start) -> None:
    """The daemon was killed between starting its host and naming it."""
    process, pids = daemon(start, path, "nameless")
    kill(process)
    assert locking(lock_file(path)) == [identity(pids["host"])]
    lock = DatabaseLock(path, "books")
    lock.acquire(CLOCK, wait=0.1)
    assert not alive(pids["host"])
    lock.release()


def test_a_lock_file_that_tells_of_nobody_ends_nobody(path: Path, start: Start) -> None:
    process, pids = daemon(start, path)
    lock_file(path).write_text("{not json")
    with pytest.raises(Busy, match=r"locked by process .*fuser"):
        DatabaseLock(path, "books").acquire(CLOCK, wait=0.1)
    assert process.poll() is None
    assert alive(pids["host"])


def test_a_pid_that_another_process_has_now_is_left_alone(path: Path, start: Start) -> None:
    """The file of a daemon of long ago names a pid and a host pid that others have been given since."""
    process, pids = daemon(start, path, "nameless")
    bystander = start("idle.py")
    kill(process)
    text = json.loads(lock_file(path).read_text())
    other = identity(bystander.pid)
    text |= {"pid": other.pid, "host_pid": other.pid, "host_started": other.started - 1}
    lock_file(path).write_text(json.dumps(text))
    lock = DatabaseLock(path, "books")
    lock.acquire(CLOCK, wait=0.1)
    assert bystander.poll() is None
    assert not alive(pids["host"])
    lock.release()


def test_of_two_newcomers_one_takes_over(path: Path, start: Start) -> None:
    process, pids = daemon(start, path)
    newcomers = [start("newcomer.py", path) for _ in range(2)]
    assert [line(newcomer) for newcomer in newcomers] == ["ready", "ready"]
    kill(process)
    for newcomer in newcomers:
        tell(newcomer, "go")
    assert sorted(line(newcomer) for newcomer in newcomers) == ["busy", "taken"]
    assert not alive(pids["host"])


def test_many_who_look_do_not_hinder_a_start(path: Path, start: Start) -> None:
    """With flock(2), 711 of 2,000 starts failed while others looked."""
    lookers = [start("looker.py", path) for _ in range(2)]
    assert [line(looker) for looker in lookers] == ["looking", "looking"]
    for _ in range(300):
        lock = DatabaseLock(path, "books")
        lock.acquire(CLOCK, wait=0)
        lock.release()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"missing.*beside its database") as caught:
        DatabaseLock(tmp_path / "missing" / "linod.sqlite", "books").acquire(CLOCK)
    assert caught.value.exit_code == 78


def test_the_pid_file_is_locked_while_it_is_there(tmp_path: Path) -> None:
    place = tmp_path / "pid"
    assert PidFile(place).look() is None
    with PidFile(place):
        assert place.read_text() == f"{os.getpid()}\n"
        assert PidFile(place).look() == os.getpid()
        with pytest.raises(Busy, match=f"pid {os.getpid()}"), PidFile(place):
            pass
    assert not place.exists()


def test_the_pid_file_of_a_killed_daemon_says_nothing(tmp_path: Path) -> None:
    place = tmp_path / "pid"
    place.write_text("1\n")
    assert PidFile(place).look() is None
    with PidFile(place):
        assert PidFile(place).look() == os.getpid()


def test_a_signal_reaches_exactly_one_process(start: Start) -> None:
    process = start("idle.py")
    found = identity(process.pid)
    for other in (
        ProcessId(found.pid, found.started + 1, found.boot_id),
        ProcessId(found.pid, found.started, "00000000-0000-0000-0000-000000000000"),
    ):
        assert not other.alive()
        assert other.pidfd() is None
        assert not end_process(other)
        assert end_tree([other])
    assert found.alive()
    assert process.poll() is None

    assert end_process(found, signal.SIGTERM)
    assert process.wait(10) == -signal.SIGTERM
    assert not found.alive()
    assert not end_process(found)


def test_a_zombie_is_not_alive(start: Start) -> None:
    process = start("idle.py")
    found = identity(process.pid)
    assert end_tree([found], timeout=10)  # it has ended, and nobody has reaped it
    assert not found.alive()


def test_what_a_job_left_is_ended_by_the_columns_of_its_row(path: Path, start: Start) -> None:
    process, pids = daemon(start, path)
    job = identity(pids["job"])
    assert end_leftovers(job.pid, job.started + 1, job.boot_id)
    assert alive(pids["job"])
    assert end_leftovers(job.pid, job.started, job.boot_id, timeout=10)
    assert not any(alive(pids[name]) for name in ("job", "grandchild", "orphan"))
    assert alive(pids["host"])
    assert process.poll() is None
