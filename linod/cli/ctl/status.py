"""`linod-ctl status`: first what needs a human, then how the daemon is."""

from collections.abc import Iterator
from typing import Any

import typer

from linod.cli.ctl.session import Session, session
from linod.cli.ctl.times import ago, local
from linod.cli.ctl.words import ending, no_plugins, reference


def status(
    ctx: typer.Context,
    check: bool = typer.Option(False, "--check", help="Only what needs a human; exit code 1 when there is something."),
) -> None:
    """Show what needs a human, and how linod is."""
    to = session(ctx)
    found = to.ask("GetStatus")["status"]
    if to.as_json:
        to.json({"status": found})
    else:
        needs = list(_needs(to, found))
        for text, *more in needs:
            to.say(text, "red")
            for line in more:
                to.say(f"    {line}")
        if not check:
            to.say("" if needs else "Nothing needs your attention.")
            _daemon(to, found)
        elif not needs:
            to.say(f"OK: nothing needs attention, {_tasks(found)}")
    raise typer.Exit(1 if check and found["needs_human"] else 0)


def _needs(to: Session, found: dict[str, Any]) -> Iterator[list[str]]:
    """Each thing that needs a human: a line that says what, and lines that say why and what to do."""
    if found["database_problem"]:
        yield [f"The database is away: {found['database_problem']}"]
    if found["host"]["state"] == "away":
        yield [f"The host is away, so nothing runs: {found['host']['problem']}"]
    for failure in found["failed"]:
        yield _failure(to, failure)
    yield from _others(to, found, "failed", "tasks are disabled by their failure")
    for plugin in found["plugins"]:
        if not plugin["ok"]:
            yield [f"Plugin {plugin['name']} is left out: {plugin['error']}", *(plugin["traceback"] or "").splitlines()]
    for procedure in found["procedures"]:
        yield [f"Procedure {procedure['name']} cannot run: {procedure['problem']}"]
    for finding in found["findings"]:
        yield [f"Plugin {finding['plugin']}: {finding['text']}", finding["cure"]]
    for task in found["overdue"]:
        yield [f"{task['label']} is overdue since {local(task['next_due'])} ({ago(task['next_due'])})"]
    yield from _others(to, found, "overdue", "tasks are overdue")
    for task in found["gone"]:
        cure = f"Bring its plugin back, or: {to.command(f'disable {reference(task)}')}"
        yield [f"{task['label']} cannot run: {task['problem']}", cure]
    yield from _others(to, found, "gone", "tasks cannot run, because their procedures are gone or broken")
    for problem in found["problems"]:
        yield [problem]


def _others(to: Session, found: dict[str, Any], sort: str, words: str) -> Iterator[list[str]]:
    """That there are more of a sort than linod tells one by one, and what lists them."""
    more = (found["counts"] or {}).get(sort, 0) - len(found[sort])
    if more > 0:
        cure = "procedures" if sort == "gone" else f"list --status {sort}"
        yield [f"And {more:,} more {words}", f"See all: {to.command(cure)}"]


def _failure(to: Session, failure: dict[str, Any]) -> list[str]:
    task, job = failure["task"], failure["job"]
    since = job["ended_at"] or job["claimed_at"]
    return [
        f"{task['label']} is disabled by its failure since {local(since)} ({ago(since)})",
        ending(job),
        f"See why: {to.command('show-job ' + str(job['id']))}",
        f"Once the cause is gone: {to.command('enable ' + reference(task))}",
    ]


def _daemon(to: Session, found: dict[str, Any]) -> None:
    since = found["since"]
    to.say(f"linod {found['version']} serves site {found['site']}: {found['state']}", "bold")
    facts = [
        ("Since", f"{local(since)} ({ago(since)}), PID {found['pid']}"),
        ("Tasks", _tasks(found)),
        ("Plugins", ", ".join(plugin["name"] for plugin in found["plugins"]) or "none"),
        ("Host", _host(found["host"])),
        ("Limits", _limits(found["limits"])),
        ("Settings", found["settings_file"] or "no file: the defaults"),
        ("Database", found["database"]),
        ("Time zone", found["time_zone"]),
        ("Log", "journalctl -t linod" if found["log"] == "journal" else found["log"]),
    ]
    for name, value in facts:
        to.say(f"{name:>10}: {value}")
    for job in found["running"]:
        to.say(f"{'Running':>10}: {ending(job)}")
    if not found["plugins"] and found["state"] != "loading":
        to.say("")
        no_plugins(to, found)


def _tasks(found: dict[str, Any]) -> str:
    counts = found["counts"]
    if counts is None:
        return "unknown"
    words = [f"{counts['tasks']} tasks", f"{len(found['running'])} of {found['max_jobs']} job slots in use"]
    words += [f"{counts[name]} {name}" for name in ("disabled", "requested") if counts[name]]
    if found["next_due"]:
        words.append(f"next due {local(found['next_due'])} ({ago(found['next_due'])})")
    return ", ".join(words)


def _limits(limits: dict[str, Any]) -> str:
    """What limits the jobs, or why less does than there could be."""
    return limits["problem"] or f"a control group for each job ({', '.join(limits['controllers'])})"


def _host(host: dict[str, Any]) -> str:
    size = f", {host['size_kib'] / 1024:.0f} MiB" if host["size_kib"] else ""
    pid = f", PID {host['pid']}" if host["pid"] else ""
    return f"{host['state']}{pid}{size}, {host['python']}"
