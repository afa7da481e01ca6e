"""Sentences that several commands say."""

import shlex
from typing import Any

from linod.cli.ctl.session import Session
from linod.cli.ctl.times import local, took

OUTCOME_STYLES = {"succeeded": "green", "warned": "yellow", "claimed": "bold", "running": "bold"}


def outcome_style(state: str) -> str:
    """Its colour; whatever is not good is red."""
    return OUTCOME_STYLES.get(state, "red")


def reference(task: dict[str, Any]) -> str:
    """How linod-ctl is told which task, quoted for a shell."""
    return shlex.quote(str(task["name"]))


def ending(job: dict[str, Any]) -> str:
    """One line for a job: "Job 12 of checkdata failed after 0.31 s: ValueError: bad voucher"."""
    state = job["state"]
    if job["outcome"] is None:
        text = f"Job {job['id']} of {job['task_name']} runs since {local(job['started_at'] or job['claimed_at'])}"
        if job["progress"]:
            text += f", {job['progress']['done']} of {job['progress']['total']} done"
        return text
    verb = {"succeeded": "succeeded", "failed": "failed", "warned": "ended with a warning", "timed_out": "timed out"}
    text = f"Job {job['id']} of {job['task_name']} {verb.get(state, 'was ' + state.replace('_', ' '))}"
    if state == "out_of_memory":
        text = f"Job {job['id']} of {job['task_name']} ran out of memory"
    if job["duration"] is not None:
        text += f" after {took(job['duration'])}"
    return f"{text}: {job['message']}" if job["message"] and state != "succeeded" else text


def no_plugins(session: Session, status: dict[str, Any]) -> None:
    """What to do about a site without plugins: it has nothing to run."""
    file = status["settings_file"] or "/etc/linod/linod.toml"
    session.say(f"No plugins are loaded, so there is nothing to run. Name some in {file}:")
    session.say('    plugins = ["my_package.my_plugin"]')
    demo = 'To see a site at work, try the demo: plugins = ["linod.demo"], or `make demo`.'
    session.say(f"and `{session.command('reload')}`. {demo}")
