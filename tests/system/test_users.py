"""Who may operate a site: root, the daemon's user, the group linod; and what the journal says of who did."""

from collections.abc import Iterator

import pytest

from tests.system.machine import Machine
from tests.system.site import Site

MEMBER, STRANGER = "linod-test-member", "linod-test-stranger"


@pytest.fixture(scope="module")
def users(machine: Machine) -> Iterator[None]:
    machine.run("useradd", "-m", "-G", "linod", MEMBER)
    machine.run("useradd", "-m", STRANGER)
    yield
    for name in (MEMBER, STRANGER):
        machine.run("userdel", "-r", name, code=None)


def test_a_member_of_the_group_operates_and_is_named(machine: Machine, site: Site, users: None) -> None:
    site.start()
    site.ctl("list", user=MEMBER)
    site.ctl("run-now", "quick", "--wait", user=MEMBER)
    site.ctl("disable", "quick", user=MEMBER)

    uid = machine.run("id", "-u", MEMBER).out.strip()
    assert uid not in ("0", "65534")
    assert site.jobs("quick")[0]["requested_by"] == MEMBER
    site.stop()
    texts = site.texts(f"LINOD_UID={uid}")
    assert len(texts) == 2 and all(MEMBER in text for text in texts)


def test_the_daemons_user_operates(site: Site) -> None:
    site.start()
    site.ctl("run-now", "quick", "--wait", user="linod")


def test_everybody_else_is_refused(machine: Machine, site: Site, users: None) -> None:
    site.start()
    for words in (["status"], ["list"], ["run-now", "quick"], ["disable", "quick"]):
        done = site.ctl(*words, code=77, user=STRANGER)
        assert done.out == "" and "group linod" in done.err
    assert site.jobs("quick") == []
    machine.run("ls", site.state, code=2, user=STRANGER)
    machine.run("ls", site.state, code=2, user=MEMBER)


def test_a_stranger_does_not_start_a_stopped_daemon(site: Site, users: None) -> None:
    site.start()
    site.stop()
    site.ctl("run-now", "quick", code=77, user=STRANGER)
    assert not site.is_active()
    site.ctl("run-now", "quick", "--wait", user=MEMBER)
    assert site.is_active()
