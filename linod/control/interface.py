"""What can be asked over the control socket: the methods, their parameters and replies, the errors. Pure data.

The Varlink text beside this file is made from these tables (`python -m linod.control.description`), and so is the
check of parameters. Types are written as Varlink writes them: `?` may be null, `[]` is a list, a capital is a type.
"""

from collections.abc import Mapping

from linod.tuples import NamedTuple

INTERFACE = "org.linod.Control"
SERVICE = "org.varlink.service"

Fields = Mapping[str, str]


class Method(NamedTuple):
    """One method of the interface.

    takes    parameter -> type; one that may be null may also be left out.
    gives    field of the reply -> type.
    about    one sentence for the interface description.
    changes  whether it operates the site; the others only look.
    """

    takes: Fields
    gives: Fields
    about: str
    changes: bool = False


TASK = {"task": "string"}

METHODS: Mapping[str, Method] = {
    "GetStatus": Method({}, {"status": "Status"}, "What needs a human, and how the daemon is."),
    "ListTasks": Method(
        {
            "limit": "?int",
            "after": "?string",
            "pattern": "?string",
            "procedure": "?string",
            "kind": "?string",
            "status": "?string",
        },
        {"tasks": "[]Task", "total": "?int", "next": "?string"},
        "One page of the tasks, at most 250; `message` is null here. `next` is `after` of the next page, null at the\n"
        "end: a page may have fewer tasks than `limit`, or none, and not be the last. `total` counts all tasks of the\n"
        "site; it comes with the first page. `pattern` is a shell's, for the whole name; `status` one of enabled,\n"
        "disabled, running, requested, failed, overdue. Ordered by seqno; of a pattern that begins with letters by\n"
        "name, of a procedure by id; what runs, is requested, failed or is overdue by job, request, last job or slot.",
    ),
    "ShowTask": Method(
        TASK,
        {"task": "Task", "job": "?Job", "policy": "object"},
        "One task, and the job of it that runs, else its last. `policy` has for each policy, by its column, the\n"
        "`value` in force and the `source` that says it: task, settings (its [defaults]) or linod.",
    ),
    "RunNow": Method(
        {**TASK, "log_level": "?string", "wait": "?bool", "follow": "?bool"},
        {"task": "?Task", "requested_at": "?string", "new": "?bool", "job": "?Job", "record": "?Record"},
        "Request a task to run as soon as possible. With `wait` the answer comes at the job's end, with `more` the\n"
        "request is answered before. `follow` needs `more`: the request, each record, and the ended job last.",
        changes=True,
    ),
    "CancelRun": Method(TASK, {"task": "Task", "job": "Job"}, "Cancel a request that waits.", changes=True),
    "Enable": Method(TASK, {"task": "Task", "changed": "bool"}, "Let a task run by its schedule.", changes=True),
    "Disable": Method(TASK, {"task": "Task", "changed": "bool"}, "Keep a task from its schedule.", changes=True),
    "Kill": Method(
        {"task": "?string", "job": "?int"},
        {"job": "Job", "reason": "string", "new": "bool"},
        "End the job of a task, or a job by its id: cancelled, for this `reason`. One that was told to end before\n"
        "ends for the reason that it was told then, and as that: `new` is false.",
        changes=True,
    ),
    "ListJobs": Method(
        {
            "task": "?string",
            "states": "?[]string",
            "since": "?string",
            "until": "?string",
            "before": "?int",
            "limit": "?int",
        },
        {"jobs": "[]Job", "next": "?int"},
        "Jobs, the newest first, at most 250; `next` is `before` of the next page, null at the end. Those claimed\n"
        "from `since` on and before `until`, moments in RFC 3339. `log` and `traceback` are null here, and of\n"
        "`message` the first 1000 characters are told. A task that was removed is named by its name, or as KIND:ID.",
    ),
    "ShowJob": Method(
        {"job": "int"},
        {
            "job": "Job",
            "task": "?Task",
            "attempts": "[]Attempt",
            "allowed": "?Allowed",
            "usual": "?Usual",
            "uncounted": "?string",
            "journal": "?string",
            "next": "Next",
        },
        "One job with what it logged, and what there is to know about it: its `task`, null when that is gone; all\n"
        "`attempts` at its slot or request; what its task allows a job; how long jobs of its task take that succeed;\n"
        "why what it used is not counted; the matches for journalctl, null when the log is elsewhere; what comes next.",
    ),
    "ListChanges": Method(
        {"task": "?string", "since": "?string", "until": "?string", "before": "?int", "limit": "?int"},
        {"changes": "[]Change", "next": "?int"},
        "What operators did, the newest first, at most 250; the parameters and `next` are as those of ListJobs.",
    ),
    "GetLog": Method(
        {"task": "?string", "job": "?int", "lines": "?int", "follow": "?bool"},
        {"jobs": "?[]Job", "job": "?Job", "record": "?Record", "journal": "?bool"},
        "The last `lines` lines that jobs logged, oldest job first; of one task, one job, or all. `follow` needs\n"
        "`more`: then come each new record, and each job as it ends; of one job, until its end. `journal` comes with\n"
        "`jobs`: whether the whole log is in the journal.",
    ),
    "PreviewTask": Method(
        {**TASK, "start": "?string", "count": "?int"},
        {"task": "Task", "time_zone": "string", "notes": "[]string", "slots": "[]Slot", "end": "?string"},
        "The next `count` slots of a task, at most 1000, from `start` on: a moment in RFC 3339, or a local one in the\n"
        "`time_zone` of the task; else from now. `end` says why there are no more.",
    ),
    "GetCalendar": Method(
        {"start": "?string", "hours": "?int", "limit": "?int"},
        {"time_zone": "string", "start": "string", "until": "string", "tasks": "[]Planned", "more": "bool"},
        "What falls due in the `hours` from `start` on, at most 744; else in 24, from now. A local `start` and each\n"
        "`local` are in the site's `time_zone`. At most `limit` tasks, 1000: `more` says that others were left out.",
    ),
    "ListProcedures": Method({}, {"procedures": "[]Procedure"}, "What the plugins registered."),
    "ListKinds": Method(
        {},
        {"kinds": "[]Kind"},
        "The kinds of task that plugins have brought, beside linod.SystemTask; `problem` says that one is gone.",
    ),
    "ListLogLevels": Method({}, {"log_levels": "[]LogLevel"}, "The logging levels of a task."),
    "SetTask": Method(
        {**TASK, "columns": "object"},
        {"task": "Task", "changed": "[]string"},
        "Set columns of a task: an object of column and value, each as text or as JSON.",
        changes=True,
    ),
    "AddTask": Method(
        {"procedure": "string", "kind": "?string", "name": "?string", "columns": "?object"},
        {"task": "Task"},
        "Add a task for a procedure; of the `kind` that the procedure is for, no other can be named.",
        changes=True,
    ),
    "RemoveTask": Method(TASK, {"task": "Task"}, "Remove a task; its jobs stay in the ledger.", changes=True),
    "MoveTask": Method(
        {**TASK, "by": "int"},
        {"task": "Task", "changed": "bool"},
        "Move a task by so many places in the list of its kind, up when negative; all seqno become 1, 2, 3, ... anew.",
        changes=True,
    ),
    "DuplicateTask": Method(
        {**TASK, "name": "?string", "columns": "?object"},
        {"task": "Task"},
        "Put a copy of a task behind it, with these columns in the place of its own.",
        changes=True,
    ),
    "ListUsers": Method({}, {"users": "[]User"}, "The users of the site: who jobs run as, and who asks for them."),
    "AddUser": Method(
        {"username": "string", "language": "?string", "time_zone": "?string"},
        {"user": "User"},
        "Add a user. A caller is the user of the site whose name is that of the operating system.",
        changes=True,
    ),
    "SetUser": Method(
        {"username": "string", "columns": "object"},
        {"user": "User", "changed": "[]string"},
        "Set `language` or `time_zone` of a user: an object of column and value.",
        changes=True,
    ),
    "Reload": Method(
        {},
        {"plugins": "[]string", "procedures": "int", "warnings": "[]string"},
        "Read settings and plugins anew; answered when new jobs use them, or with why nothing was changed.",
        changes=True,
    ),
    "ListNames": Method({}, {"names": "[]string"}, "Names of tasks, at most 1000, for completion."),
}

ERRORS: Mapping[str, Fields] = {
    "NoSuchTask": {"text": "string", "task": "string", "near": "[]string"},
    "AmbiguousTask": {"text": "string", "task": "string", "tasks": "[]string"},
    "NoSuchJob": {"text": "string", "job": "int", "last": "?int"},
    "NoSuchProcedure": {"text": "string", "procedure": "string", "near": "[]string"},
    "NoSuchUser": {"text": "string", "username": "string", "near": "[]string"},
    "BadValue": {"text": "string", "column": "string"},
    "CannotRun": {"text": "string", "task": "string"},
    "NotRequested": {"text": "string", "task": "string"},
    "NotRunning": {"text": "string", "task": "?string", "job": "?int"},
    "TaskRunning": {"text": "string", "task": "string", "job": "int"},
    "HostAway": {"text": "string"},
    "DatabaseAway": {"text": "string"},
    "Configuration": {"text": "string"},
    "ReloadFailed": {"text": "string"},
    "Stopping": {"text": "string"},
    "TooManyConnections": {"text": "string"},
    "BadMessage": {"text": "string"},
    "Failed": {"text": "string"},
}
"""Each carries a `text` for people."""

TYPES: Mapping[str, Fields] = {
    "Progress": {"done": "int", "total": "int"},
    "Record": {"job": "?int", "task": "?string", "time": "string", "level": "string", "text": "string"},
    "Procedure": {
        "name": "string",
        "text": "string",
        "plugin": "string",
        "class_name": "string",
        "suggested": "string",
        "file": "string",
        "line": "int",
        "problem": "?string",
    },
    "Kind": {
        "name": "string",
        "plugin": "string",
        "table": "string",
        "columns": "[]string",
        "shown": "[]string",
        "problem": "?string",
    },
    "Slot": {"at": "string", "local": "string", "reasons": "[]string"},
    "Planned": {
        "task": "Task",
        "time_zone": "string",
        "notes": "[]string",
        "slots": "[]Slot",
        "count": "int",
        "interval": "?string",
    },
    "LogLevel": {"value": "string", "text": "string", "number": "int"},
    "User": {"id": "int", "username": "string", "language": "?string", "time_zone": "?string", "daemon_user": "bool"},
    "Attempt": {"job": "int", "attempt": "int", "state": "string"},
    "Allowed": {"attempts": "int", "timeout": "?int", "memory_max": "?int"},
    "Usual": {"seconds": "float", "jobs": "int"},
    "Next": {"what": "string", "at": "?string", "job": "?int", "reason": "?string"},
    "Change": {
        "id": "int",
        "at": "string",
        "uid": "int",
        "gid": "int",
        "user": "string",
        "action": "string",
        "kind": "?string",
        "task_id": "?int",
        "task_name": "?string",
        "before": "object",
        "after": "object",
    },
    "Plugin": {"name": "string", "file": "?string", "ok": "bool", "error": "?string", "traceback": "?string"},
    "Finding": {"plugin": "string", "kind": "string", "text": "string", "cure": "string"},
    "Host": {"state": "string", "pid": "?int", "python": "string", "size_kib": "?int", "problem": "?string"},
    "Limits": {"control_group": "?string", "controllers": "[]string", "problem": "?string"},
    "Counts": {"tasks": "int", "enabled": "int", "disabled": "int", "running": "int", "requested": "int"}
    | {"failed": "int", "overdue": "int", "gone": "int"},
    "Failure": {"task": "Task", "job": "Job"},
    "Status": {
        "version": "string",
        "site": "string",
        "state": "string",
        "pid": "int",
        "since": "string",
        "settings_file": "?string",
        "database": "string",
        "database_problem": "?string",
        "time_zone": "string",
        "log": "string",
        "max_jobs": "int",
        "host": "Host",
        "limits": "Limits",
        "plugins": "[]Plugin",
        "procedures": "[]Procedure",
        "findings": "[]Finding",
        "failed": "[]Failure",
        "overdue": "[]Task",
        "gone": "[]Task",
        "problems": "[]string",
        "running": "[]Job",
        "counts": "?Counts",
        "next_due": "?string",
        "needs_human": "bool",
    },
}
"""Types with fields of their own here; `Task` and `Job` have the columns and those of EXTRA."""

EXTRA: Mapping[str, Fields] = {
    "Task": {"label": "string", "status": "string", "when": "string", "problem": "?string"},
    "Job": {"outcome": "?string", "duration": "?float", "progress": "?Progress"},
}

NULL_IN_LISTS: Mapping[str, frozenset[str]] = {
    "Task": frozenset({"message"}),
    "Job": frozenset({"log", "traceback"}),
}
"""Columns of unlimited size, left null where many rows are answered."""


class InvalidParameter(ValueError):
    """A parameter is unknown, missing or of another type; the text is its name, as Varlink's error wants it."""


_INT64 = 2**63


def checked(method: Method, given: Mapping[str, object]) -> dict[str, object]:
    """The parameters of a call, known and of the types that the method takes; those that are null are left out."""
    for name in given:
        if name not in method.takes:
            raise InvalidParameter(name)
    taken: dict[str, object] = {}
    for name, kind in method.takes.items():
        value = given.get(name)
        if value is None:
            if not kind.startswith("?"):
                raise InvalidParameter(name)
        elif _fits(value, kind.removeprefix("?")):
            taken[name] = value
        else:
            raise InvalidParameter(name)
    return taken


def _fits(value: object, kind: str) -> bool:
    if kind.startswith("[]"):
        return isinstance(value, list) and all(_fits(item, kind[2:]) for item in value)
    match kind:
        case "string":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64
        case "object":
            return isinstance(value, dict)
    raise AssertionError(f"no parameter has the type {kind}")


class Refusal(Exception):
    """An error reply: `name` is the error with its interface, `parameters` what goes with it."""

    def __init__(self, name: str, parameters: Mapping[str, object]) -> None:
        super().__init__(name)
        self.name = name
        self.parameters = dict(parameters)


def refusal(name: str, text: str, **parameters: object) -> Refusal:
    """An error of this interface with its text for people."""
    return Refusal(f"{INTERFACE}.{name}", {"text": text, **parameters})


def empty_reply(method: str, **filled: object) -> dict[str, object]:
    """A reply of a method that gives now this, now that: what is not given is null."""
    return {**dict.fromkeys(METHODS[method].gives), **filled}


def service_refusal(name: str, **parameters: object) -> Refusal:
    """An error that Varlink itself defines."""
    return Refusal(f"{SERVICE}.{name}", parameters)
