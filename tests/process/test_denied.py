"""What a job may not do below a hardened unit: its message ends with the cure.

A real read-only mount, a real other user, a real control group of the name that a service has: root has to make them.
"""

import os
import pwd
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.process.everybody import OWNER
from tests.process.site import DEADLINE, Site

UNIT = f"linod-test-{os.getpid()}"
GROUPS = [Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup")]
"""Where control groups are made: cgroup v2 beside v1, v1's systemd, v2 alone."""

PLUGIN = """
import os
import socket

@background_task(every_unit="never")
def export(ar):
    open(os.path.join(DIRECTORY, "export.csv"), "w")

@background_task(every_unit="never")
def secret(ar):
    open("/etc/shadow")

@background_task(every_unit="never")
def behind(ar):
    open(os.path.join(CLOSED, "deep", "file"))

@background_task(every_unit="never")
def give(ar):
    os.chown(OUT, 0, 0)

@background_task(every_unit="never")
def rename_host(ar):
    socket.sethostname("other")

@background_task(every_unit="never")
def missing(ar):
    open("/nonexistent")
"""


@pytest.fixture
def group() -> Iterator[Path]:
    """The control group of a service."""
    for base in GROUPS:
        made = base / f"{UNIT}.service"
        if (base / "cgroup.procs").exists():
            with suppress(OSError):
                made.mkdir()
                break
    else:
        pytest.skip("control groups cannot be made here")
    yield made
    end = time.monotonic() + DEADLINE
    while (made / "cgroup.procs").read_text() and time.monotonic() < end:
        select.select([], [], [], 0.02)  # the host of a daemon that was killed is about to end
    made.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a read-only mount and become somebody else")
def test_the_message_of_a_job_names_the_cure(group: Path, open_site: Site) -> None:
    site = open_site
    read_only, closed = site.directory / "books", site.directory / "closed"
    for directory in (read_only, closed, site.state, site.run):
        directory.mkdir()
    for directory in (read_only, site.state, site.run):
        os.chown(directory, pwd.getpwnam(OWNER).pw_uid, -1)
    closed.chmod(0o700)
    site.plugin(f"DIRECTORY, CLOSED = {str(read_only)!r}, {str(closed)!r}\n" + PLUGIN)
    script = f"""set -e
    echo $$ >{group}/cgroup.procs
    mount --bind {read_only} {read_only}
    mount -o remount,bind,ro {read_only}
    exec "$@"
    """
    with site.stderr.open("ab") as stderr:
        site.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script, "sh", *site.command()],
            env=site.environment(INVOCATION_ID="2f1e"),
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
        )
    site.wait_for_message("READY=1")

    def message(procedure: str) -> str:
        job = site.run_now(procedure)
        assert job["outcome"] == "failed"
        return str(job["message"])

    who = f"jobs run as {OWNER} (uid {pwd.getpwnam(OWNER).pw_uid})"
    writable = (
        f"; the unit keeps {read_only} read-only for its jobs: `systemctl edit {UNIT}`, add the lines `[Service]` and "
        f"`ReadWritePaths={read_only}`, then `systemctl restart {UNIT}`"
    )
    user = f"change its owner or mode, or User= with `systemctl edit {UNIT}`"
    assert message("export") == f"OSError: [Errno 30] Read-only file system: '{read_only}/export.csv'{writable}"
    assert message("secret") == (
        f"PermissionError: [Errno 13] Permission denied: '/etc/shadow'; {who}, and /etc/shadow belongs to root "
        f"(mode 0640): {user}"
    )
    assert f"; {who}, and {closed} belongs to root (mode 0700): {user}" in message("behind")
    assert f"Operation not permitted: '{site.out}'; {who}, and {site.out} belongs to root" in message("give")
    unnamed = message("rename_host")
    assert unnamed.startswith("PermissionError: [Errno 1] Operation not permitted; no file's owner forbids this")
    assert f"`systemctl cat {UNIT}`" in unnamed
    assert message("missing") == "FileNotFoundError: [Errno 2] No such file or directory: '/nonexistent'"
    assert site.stop() == 0
    assert f"ReadWritePaths={read_only}" in site.log()  # the journal says it too
