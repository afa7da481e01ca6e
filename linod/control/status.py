"""GetStatus: first what needs a human, then how the daemon is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from linod.control.call import Call
from linod.control.finding import Problems
from linod.control.interface import TYPES
from linod.control.looking import by_id, live_json
from linod.control.report import Report
from linod.control.values import JsonObject, job_json, moment, procedure_json
from linod.errors import DatabaseAway
from linod.jobs import Job
from linod.tasks import GRACE, Task
from linod.tuples import NamedTuple

if TYPE_CHECKING:
    from linod.control.operations import Operations

NEEDS_HUMAN = ("database_problem", "failed", "overdue", "gone", "procedures", "findings", "problems")
"""Fields of the status that are empty as long as nobody is needed."""


FEW = 10
"""Tasks of each sort that are told; `counts` says how many there are."""


class Rows(NamedTuple):
    """What the status says of the database: of a million tasks those that need a human, and not all of these.

    gone  enabled tasks whose procedure is gone or cannot run.
    """

    counts: Mapping[str, object]
    failed: list[tuple[Task, Job]]
    overdue: list[Task]
    gone: list[Task]


async def get_status(ops: Operations, call: Call) -> JsonObject:
    """Answers also while the database is away and while the host loads its plugins."""
    report, now = ops.report(), ops.clock.now()
    found = facts(report)
    running = by_id(ops)
    try:
        problems = Problems(ops)
        found |= _of_rows(ops, problems, await ops.db.run(_look, ops, problems, now), now)
    except DatabaseAway as error:
        found["database_problem"] = str(error)
    found["running"] = [live_json(one.job, now, running, in_list=True) for one in running.values()]
    found["procedures"] = [procedure_json(one) for one in ops.procedures() or () if one.problem]
    broken = any(not plugin.ok for plugin in report.plugins)
    found["needs_human"] = broken or report.host_state == "away" or any(found[field] for field in NEEDS_HUMAN)
    return {"status": found}


def facts(report: Report) -> JsonObject:
    """What the daemon tells of itself, and nothing yet of the database."""
    plugins = [
        {
            "name": plugin.name,
            "file": plugin.file or None,
            "ok": plugin.ok,
            "error": plugin.error or None,
            "traceback": plugin.traceback or None,
        }
        for plugin in report.plugins
    ]
    findings = [
        {"plugin": finding.plugin, "kind": finding.kind, "text": finding.text, "cure": finding.cure}
        for finding in report.findings
    ]
    return {
        "version": report.version,
        "site": report.site,
        "state": report.state,
        "pid": report.pid,
        "since": moment(report.since),
        "settings_file": report.settings_file,
        "database": report.database,
        "database_problem": report.database_problem or None,
        "time_zone": report.time_zone,
        "log": report.log,
        "max_jobs": report.max_jobs,
        "host": {
            "state": report.host_state,
            "pid": report.host_pid,
            "python": report.host_python,
            "size_kib": report.host_size_kib,
            "problem": report.host_problem or None,
        },
        "limits": {
            "control_group": report.control_group or None,
            "controllers": list(report.controllers),
            "problem": report.limits_problem or None,
        },
        "plugins": plugins,
        "findings": findings,
        "problems": list(report.problems),
        "failed": [],
        "overdue": [],
        "gone": [],
        "counts": None,
        "next_due": None,
    }


def _look(ops: Operations, problems: Problems, now: datetime) -> Rows:
    store = ops.store
    lost = [pair for pair in store.procedures() if problems.of_procedure(*pair)]
    gone: list[Task] = []
    for pair in lost:
        gone += store.of_procedure(*pair, FEW - len(gone)) if len(gone) < FEW else []
    counts = {
        **store.summary(now),
        "failed": store.count_failed(),
        "overdue": store.count_overdue(now, GRACE),
        "gone": sum(store.count_of_procedure(*pair) for pair in lost),
    }
    return Rows(counts, store.failed_tasks(FEW), store.overdue(now, GRACE, FEW), gone)


def _of_rows(ops: Operations, problems: Problems, rows: Rows, now: datetime) -> JsonObject:
    def listed(tasks: list[Task]) -> list[JsonObject]:
        return [problems.json(task, now, in_list=True) for task in tasks]

    next_due = rows.counts["next_due"]
    failed = listed([task for task, _ in rows.failed])
    return {
        "counts": {name: rows.counts[name] for name in TYPES["Counts"]},
        "failed": [
            {"task": task, "job": job_json(job, now, in_list=True)}
            for task, (_, job) in zip(failed, rows.failed, strict=True)
        ],
        "overdue": listed(rows.overdue),
        "gone": listed(rows.gone),
        "next_due": moment(next_due) if isinstance(next_due, datetime) else None,
    }
