"""Root starts linod by hand, before the first start of the service or between two: it leaves nothing that is root's.

The owner of the state is the system's user `daemon`. Needs root, as what it tests does.
"""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.process.everybody import OWNER
from tests.process.site import DEADLINE, Site

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

PLUGIN = """
import os

with open(OUT, "a") as out:
    out.write(f"import {os.getresuid()} {os.getresgid()} {os.getgroups()} {os.environ['HOME']} {os.getcwd()}\\n")

@schedule_daily()
def who(ar):
    with open(OUT, "a") as out:
        out.write(f"job {os.getuid()} {ar.user['username']}\\n")
"""


@pytest.fixture
def site(open_site: Site) -> Site:
    open_site.plugin(PLUGIN)
    return open_site


def owners(*directories: Path) -> set[str]:
    """Who owns these directories and all in them."""
    paths = [path for directory in directories for path in (directory, *directory.rglob("*"))]
    return {path.owner() for path in paths}


def test_root_leaves_nothing_of_its_own_before_the_first_start_and_between_two(site: Site) -> None:
    entry = pwd.getpwnam(OWNER)
    site.state.mkdir()
    os.chown(site.state, entry.pw_uid, entry.pw_gid)
    for start in (1, 2):
        checked = site.linod("check")
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert f"User: {OWNER} instead of root" in checked.stdout
        assert owners(site.state) == {OWNER}
        assert start == 2 or list(site.state.iterdir()) == []

        prepared = site.linod("prep")
        assert prepared.returncode == 0, prepared.stderr
        assert f"Running as {OWNER} instead of root: the state in {site.state} is theirs" in prepared.stderr
        assert owners(site.state, site.run) == {OWNER}

        site.forget_messages()
        site.start()
        assert site.run_now("who")["outcome"] == "succeeded"
        assert owners(site.state, site.run) == {OWNER}
        assert {path.name for path in site.run.iterdir()} == {"control", "pid"}
        assert site.stop() == 0

    imports = {line for line in site.output() if line.startswith("import")}
    ids = f"{(entry.pw_uid,) * 3} {(entry.pw_gid,) * 3}"
    assert len(imports) == 1
    [said] = imports
    assert said.startswith(f"import {ids} [") and said.endswith(f"] {entry.pw_dir} /")
    assert "0" not in said[said.index("[") + 1 : said.index("]")].split(", ")
    assert {line for line in site.output() if line.startswith("job")} == {f"job {entry.pw_uid} {OWNER}"}


def test_root_stays_root_on_a_state_of_its_own(site: Site) -> None:
    """As `make demo` does."""
    site.start()
    assert site.run_now("who")["outcome"] == "succeeded"
    assert site.stop() == 0
    assert owners(site.state, site.run) == {"root"}
    assert "job 0 root" in site.output() and "instead of root" not in site.log()


def test_a_runtime_directory_of_root_is_named_with_its_cure(site: Site) -> None:
    site.state.mkdir()
    shutil.chown(site.state, OWNER)
    site.run.mkdir()
    refused = site.linod("prep")
    assert refused.returncode == 78
    assert f"{site.run}: cannot be written by {OWNER}" in refused.stderr
    assert f"`chown {OWNER} {site.run}`" in refused.stderr
    assert site.output() == [] and list(site.state.iterdir()) == []


def test_the_system_s_site_is_the_package_user_s_from_the_first_start_by_root_on(site: Site) -> None:
    """In a mount namespace with a user `linod`, an empty /var/lib and an empty /run; the machine's are untouched."""
    users, groups = site.directory / "passwd", site.directory / "group"
    users.write_text(Path("/etc/passwd").read_text() + "linod:x:64123:64123::/var/lib/linod:/usr/sbin/nologin\n")
    groups.write_text(Path("/etc/group").read_text() + "linod:x:64123:\n")
    linod = f"{site.python}/linod --settings {site.write_settings().rename(site.directory / 'shop.toml')}"
    script = f"""set -e
    mount -t tmpfs -o mode=755 none /var/lib
    mount -t tmpfs -o mode=755 none /run
    mount --bind {users} /etc/passwd
    mount --bind {groups} /etc/group
    {linod} check >/dev/null
    test ! -e /var/lib/linod -a ! -e /run/linod
    {linod} prep
    chown root /run/linod/shop
    touch /run/linod/shop/pid
    {linod} prep
    find /var/lib/linod /run/linod -printf '%u %m %p\\n' | sort -k 3
    """
    environ = {name: value for name, value in site.environment().items() if not name.endswith("_DIRECTORY")}
    command = ["unshare", "--mount", "sh", "-c", script]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=2 * DEADLINE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "root 755 /run/linod",
        "linod 755 /run/linod/shop",
        "root 755 /var/lib/linod",
        "linod 700 /var/lib/linod/shop",
        "linod 644 /var/lib/linod/shop/linod.sqlite",
        "linod 644 /var/lib/linod/shop/linod.sqlite.lock",
    ]
    assert {line.split()[1] for line in site.output()} == {"(64123,", "64123"}
