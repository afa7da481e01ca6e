"""How the daemon is: what it tells of itself to whoever asks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from linod.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linod.control.operations import Finding, Plugin


class Report(NamedTuple):
    """How the daemon is.

    state             loading, ready, draining.
    settings_file     None when the site runs without one.
    database          for people: no password in it.
    database_problem  why it is away, "" while it answers.
    log               journal, or stderr.
    host_state        loading, ready, away.
    host_problem      why the host is away, "" while it is not.
    control_group     below it each job has one of its own; "" when it has none.
    controllers       what limits and counts jobs there.
    limits_problem    what does not limit them, and why; "" when all does.
    problems          anything else that needs a human, one sentence each.
    """

    version: str
    site: str
    state: str
    pid: int
    since: datetime
    settings_file: str | None
    database: str
    database_problem: str
    time_zone: str
    log: str
    max_jobs: int
    host_state: str
    host_pid: int | None
    host_python: str
    host_size_kib: int | None
    host_problem: str
    control_group: str
    controllers: Sequence[str]
    limits_problem: str
    plugins: Sequence[Plugin] = ()
    findings: Sequence[Finding] = ()
    problems: Sequence[str] = ()
