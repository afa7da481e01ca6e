"""The unit that a job belongs to, and a path as a unit file takes it."""

import errno

import pytest

from linod.host.denied import quoted, service_of
from linod.host.verdict import of_exception


@pytest.mark.parametrize(
    ("cgroups", "unit"),
    [
        ("0::/system.slice/linod.service\n", "linod"),
        ("0::/system.slice/system-linod.slice/linod@books.service/jobs/4711\n", "linod@books"),
        ("1:name=systemd:/system.slice/linod.service\n0::/\n", "linod"),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/linod.service/jobs/17\n", "--user linod"),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.Terminal.slice/vte-1.scope\n", ""),
        ("0::/user.slice/user-1000.slice/session-2.scope\n", ""),
        ("0::/\n", ""),
        ("", ""),
    ],
)
def test_the_unit_is_the_innermost_service(cgroups: str, unit: str) -> None:
    assert service_of(cgroups) == unit


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/srv/books", "/srv/books"),
        ("/srv/100%", "/srv/100%%"),
        ("/srv/my books", '"/srv/my books"'),
        ('/srv/a"b\\c', '"/srv/a\\"b\\\\c"'),
    ],
)
def test_a_path_is_written_as_a_unit_file_takes_it(path: str, written: str) -> None:
    assert quoted(path) == written


def test_outside_a_service_the_exception_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in the terminal of a desktop, which a service has started: it has INVOCATION_ID, and no unit of linod's."""
    error = PermissionError(errno.EACCES, "Permission denied", "/etc/shadow")
    for invocation in (None, "2f1e"):
        if invocation:
            monkeypatch.setenv("INVOCATION_ID", invocation)
            monkeypatch.setattr("linod.host.denied._cgroups", lambda: "0::/user.slice/user-1000.slice/a.scope\n")
        else:
            monkeypatch.delenv("INVOCATION_ID", raising=False)
        assert of_exception(error).message == "PermissionError: [Errno 13] Permission denied: '/etc/shadow'"
