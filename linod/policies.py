"""The policies of a task: how its jobs are run, beside when. Pure: names, values, what fills an empty one.

A column that is NULL is filled by `[defaults]` of the settings, else by linod's own value, which `Policy()` has.
"""

from collections.abc import Callable, Mapping

from linod.errors import near
from linod.quantities import bytes_text, parse_bytes, parse_seconds, seconds_text
from linod.tuples import NamedTuple

OVERLAP = ("skip", "queue", "replace")
MISSED = ("once", "skip")
ON_FAILURE = ("disable", "retry", "continue")
ON_CRASH = ("next", "again")

NO_LIMIT = ("infinity", "unlimited")
"""How people write that there is no limit, where 0 means so; the first as systemd has it."""

A_YEAR = 365 * 86_400
BIGGEST = 2**31 - 1  # what an integer column of every database holds


class Policy(NamedTuple):
    """Every policy with a value; what is written here is linod's own. Times in seconds, sizes in bytes, 0: no limit.

    overlap      what becomes of a slot that comes while the task's job runs: skip it; queue one, for the job's end;
                 replace the job, which is cancelled.
    missed       what becomes of slots that nobody could run: once, one job for the last of them; skip, none.
    on_failure   what a failed job does to its task: disable it; retry it, and disable it when all retries have failed;
                 continue, as if nothing had been.
    retries      how many retries follow a failure, with on_failure retry.
    retry_pause  before the first retry; each further one waits twice as long, at most an hour or this, if it is more.
    on_crash     what follows a job that was interrupted: next, its next slot; again, at once, as another attempt.
    timeout      after which a job is ended as timed out.
    priority     among slots that are due: higher first, whenever they fell due.
    splay        how much later than its slot a task may start, so that not all start at once; the same for each slot.
    queue        one of `[queues]`, of whose jobs so many run at once; "": none.
    memory_max   that all processes of a job may have together.
    cpu_weight   share of the processors where jobs compete for them, as in systemd's CPUWeight=.
    pids_max     processes and threads that a job may have.
    keep_days    how long jobs stay in the ledger.
    keep_jobs    how many of one task stay at most.
    """

    overlap: str = "skip"
    missed: str = "once"
    on_failure: str = "disable"
    retries: int = 3
    retry_pause: int = 60
    on_crash: str = "next"
    timeout: int = 0
    priority: int = 0
    splay: int = 0
    queue: str = ""
    memory_max: int = 0
    cpu_weight: int = 100
    pids_max: int = 0
    keep_days: int = 30
    keep_jobs: int = 1000


POLICIES = Policy._fields
"""The columns of a task that hold policies."""

LINODS = Policy()
"""What linod does where neither the task nor the site says anything."""


LIMITS = ("memory_max", "cpu_weight", "pids_max")
"""Those that the kernel enforces."""

_NO_LIMITS = [(name, getattr(LINODS, name)) for name in LIMITS]


def policy_of(row: object, defaults: Policy = LINODS) -> Policy:
    """The policies of a task in force.

    row       has an attribute for each policy; None is empty.
    defaults  what fills an empty one: `Settings.policy`.
    """
    own = {name: value for name in POLICIES if (value := getattr(row, name)) is not None}
    return defaults._replace(**own) if own else defaults


def limits_of(row: object, defaults: Policy) -> dict[str, int]:
    """What limits the processes of a task's jobs: those policies of LIMITS that have another value than linod's own."""
    limits: dict[str, int] = {}
    for name, none in _NO_LIMITS:
        value = getattr(row, name)
        value = getattr(defaults, name) if value is None else value
        if value != none:
            limits[name] = value
    return limits


class Kind(NamedTuple):
    """What a policy holds.

    parse  makes the value from a text as people write it or a number; raises ValueError with the reason.
    takes  what may be written, for help and errors.
    text   the value for people.
    """

    parse: Callable[[object], object]
    takes: str
    text: Callable[[object], str] = str


def _choice(words: tuple[str, ...]) -> Kind:
    takes = "one of " + ", ".join(words)

    def parse(value: object) -> str:
        word = str(value).strip().lower()
        if word not in words:
            raise ValueError(f"{_shown(value)} is unknown; {near(word, words, 'known are ' + ', '.join(words))}")
        return word

    return Kind(parse, takes)


def _whole(least: int, most: int, *, unlimited: bool = False) -> Kind:
    takes = f"a whole number from {least} to {most}"

    def parse(value: object) -> int:
        if unlimited and _is_no_limit(value):
            return 0
        digits = value.strip() if isinstance(value, str) else ""
        if digits.lstrip("+-").isdecimal() and digits.isascii() and len(digits) <= 11:
            value = int(digits)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"{_shown(value)} is not {takes}")
        return value

    if unlimited:
        return Kind(parse, takes + "; 0 or infinity is no limit", lambda value: str(value or NO_LIMIT[0]))
    return Kind(parse, takes)


def _seconds(least: int, *, unlimited: bool = False) -> Kind:
    takes = "a length of time such as 90s, 5min or 1h 30min"

    def parse(value: object) -> int:
        seconds = 0 if unlimited and _is_no_limit(value) else parse_seconds(value)
        if not least <= seconds <= A_YEAR:
            raise ValueError(f"{_shown(value)} is not from {least} s to {A_YEAR} s, a year")
        return seconds

    def text(value: object) -> str:
        assert isinstance(value, int)
        return NO_LIMIT[0] if unlimited and not value else seconds_text(value)

    return Kind(parse, takes + ("; 0 or infinity is no limit" if unlimited else ""), text)


LEAST_MEMORY = 1 << 20
"""Bytes. A forked child of the host has some megabytes that are its own: with less no job gets to its first line."""

MOST_MEMORY = 1 << 50


def _memory(value: object) -> int:
    size = 0 if _is_no_limit(value) else parse_bytes(value)
    if size and not LEAST_MEMORY <= size <= MOST_MEMORY:
        raise ValueError(f"{_shown(value)} is not from {bytes_text(LEAST_MEMORY)} to {bytes_text(MOST_MEMORY)}")
    return size


def _memory_text(value: object) -> str:
    assert isinstance(value, int)
    return bytes_text(value) if value else NO_LIMIT[0]


def _queue(value: object) -> str:
    word = value.strip() if isinstance(value, str) else ""
    if not 0 < len(word) <= 100 or not word.isascii() or not word.replace("_", "").replace("-", "").isalnum():
        raise ValueError(f"{_shown(value)} is not the name of a queue: up to 100 letters, digits, - and _")
    return word


def _is_no_limit(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() in NO_LIMIT


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


KINDS: Mapping[str, Kind] = {
    "overlap": _choice(OVERLAP),
    "missed": _choice(MISSED),
    "on_failure": _choice(ON_FAILURE),
    "retries": _whole(0, 1000),
    "retry_pause": _seconds(1),
    "on_crash": _choice(ON_CRASH),
    "timeout": _seconds(0, unlimited=True),
    "priority": _whole(-1000, 1000),
    "splay": _seconds(0),
    "queue": Kind(_queue, "the name of a queue of [queues]", lambda value: str(value or "none")),
    "memory_max": Kind(_memory, "a size such as 512M; 0 or infinity is no limit", _memory_text),
    "cpu_weight": _whole(1, 10_000),
    "pids_max": _whole(0, BIGGEST, unlimited=True),
    "keep_days": _whole(1, 36_500),
    "keep_jobs": _whole(20, BIGGEST),
}
"""What each policy holds, by its name."""

assert tuple(KINDS) == POLICIES


DEFAULT = "default"
"""What is said of a policy that a task leaves empty."""


def policy_text(name: str, value: object) -> str:
    """The value of a policy as people write it."""
    return KINDS[name].text(value)
