"""The log socket between users: the directory's group may write, nobody else."""

import os
import subprocess
from grp import getgrnam
from pathlib import Path

import pytest

from tests.process.everybody import OWNER, python_for_everybody
from tests.process.site import DEADLINE, Site

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

PROGRAM = """
import logging, sys
from linod.logs import connect
connect(sys.argv[1])
logging.getLogger("lino").info("from another user")
"""


def log_as_another(site: Site) -> str:
    """Log a record as another user. Returns what that process printed to its standard error."""
    command = [python_for_everybody(), "-c", PROGRAM, str(site.file)]
    done = subprocess.run(
        command, env=site.environment(), user=OWNER, group=OWNER, extra_groups=[], cwd="/", timeout=DEADLINE,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture
def directory(open_site: Site) -> Path:
    """The log directory as docs/logs.md makes it."""
    made = open_site.directory / "log"
    made.mkdir()
    os.chown(made, 0, getgrnam(OWNER).gr_gid)
    made.chmod(0o2750)
    open_site.settings["log_dir"] = "log"
    return made


def test_the_group_of_the_directory_may_write(open_site: Site, directory: Path) -> None:
    open_site.start()
    assert log_as_another(open_site) == ""
    file = directory / "lino.log"
    open_site.wait_until(lambda: " : from another user\n" in file.read_text(), "line of the other user")
    assert open_site.stop() == 0
    found = file.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (0, getgrnam(OWNER).gr_gid, 0o640)


def test_others_may_not_and_are_told(open_site: Site, directory: Path) -> None:
    os.chown(directory, 0, 0)
    directory.chmod(0o755)
    open_site.start()
    told = f"WARNING: {directory}/lino.log.sock: Permission denied; records go here until this user may write there\n"
    assert log_as_another(open_site) == f"{told}from another user\n"
    assert open_site.stop() == 0
    assert "another user" not in (directory / "lino.log").read_text()
