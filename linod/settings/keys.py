"""The keys of a settings file, and what each may hold."""

from collections.abc import Callable
from typing import Any

from linod.errors import near
from linod.loglevels import LogLevel
from linod.policies import KINDS, POLICIES
from linod.settings.model import SQLITE
from linod.settings.zones import check_zone

Keys = tuple[str, ...]
"""Where a value stands: `("max_jobs",)`, or `("host", "python")` for one in a table."""

Parse = Callable[[object], object]
"""Takes the value that stands in the file; raises ValueError with the reason, in words that follow "KEY: "."""

A_YEAR = 365 * 86_400
"""In seconds. No time to wait is longer: a bigger number is a slip, or was meant as milliseconds."""

_KINDS = ((bool, "true or false"), (str, "text"), (int, "a whole number"), (float, "a number"), (list, "a list"))


def kind_of(value: object) -> str:
    """What a value is, in words for people. In this order: to Python, true is a whole number too."""
    if isinstance(value, dict):
        return "a table"
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "a date or time")


def _wrong(wanted: str, value: object) -> ValueError:
    shown = f" {value!r}" if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return ValueError(f"must be {wanted}, not {kind_of(value)}{shown}")


def text(value: object) -> str:
    """Text that is not empty and fits an environment, a path or an argument: without NUL."""
    if not isinstance(value, str):
        raise _wrong("text", value)
    if not value.strip() or "\0" in value:
        raise ValueError(f"cannot be {value!r}")
    return value


def switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong("true or false", value)
    return value


def seconds(*, above: bool = False) -> Parse:
    """A time in seconds, 0 or more; more than 0 when `above`."""

    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong("a number of seconds", value)
        if not (value > 0 if above else value >= 0):  # so that nan is refused
            raise ValueError(f"must be {'more than' if above else 'at least'} 0 seconds, not {value}")
        if value > A_YEAR:
            raise ValueError(f"must be at most {A_YEAR} seconds, a year, not {value}")
        return float(value)

    return parse


def count(*, least: int, most: int) -> Parse:
    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong("a whole number", value)
        if not least <= value <= most:
            raise ValueError(f"must be from {least} to {most}, not {value}")
        return value

    return parse


def texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _wrong("a list of texts", value)
    return tuple(text(item) for item in value)


def is_dotted(name: str) -> bool:
    """Whether `name` can be the name of a module."""
    return all(part.isidentifier() for part in name.split("."))


def dotted_names(value: object) -> tuple[str, ...]:
    """Names of modules, each kept once."""
    names = texts(value)
    for name in names:
        if not is_dotted(name):
            raise ValueError(f"{name!r} is not the dotted name of a module, like 'linod.demo'")
    return tuple(dict.fromkeys(names))


def log_level(value: object) -> LogLevel:
    """A logging level by its name, in any case."""
    if not isinstance(value, str):
        raise _wrong("the name of a logging level", value)
    names = [level.name for level in LogLevel]
    if value.upper() in names:
        return LogLevel[value.upper()]
    raise ValueError(f"unknown logging level {value!r}; {near(value.upper(), names, 'one of ' + ', '.join(names))}")


def zone(value: object) -> str:
    return check_zone(text(value))


def database(value: object) -> str:
    """A Peewee URL that linod can open. The error never repeats the value, which may hold a password."""
    url = text(value)
    scheme, colon, _ = url.partition(":")
    if not colon or not scheme.replace("+", "").isalnum():
        raise ValueError(f"must be a URL, like {SQLITE}/var/lib/linod/linod/linod.sqlite")
    if scheme != "sqlite":
        raise ValueError(f"names a {scheme} database; linod speaks SQLite so far: {SQLITE}PATH")
    if not url.startswith(SQLITE):
        raise ValueError(f"must begin with {SQLITE}; the path follows, so an absolute one makes four slashes")
    path = url.removeprefix(SQLITE)
    if not path or path.endswith("/"):
        raise ValueError("names no file")
    if path.startswith(":memory:"):
        raise ValueError("must be a file: a database in memory cannot keep what ran")
    if "?" in path or "#" in path:
        raise ValueError("cannot have '?' or '#' in its path, nor parameters")
    return url


def no_channels(value: object) -> bool:
    if switch(value):
        raise ValueError("linod has no channels yet; remove the line or write false")
    return False


def policy(name: str) -> Parse:
    """A policy, as `linod-ctl set` takes it; TOML's own true, false and fractions are slips."""

    def parse(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise _wrong(KINDS[name].takes, value)
        return KINDS[name].parse(value)

    return parse


HOST: dict[str, Parse] = {
    "python": text,
    "path": texts,
    "load_timeout": seconds(above=True),
    "silence_timeout": seconds(above=True),
}
"""Keys of the table `[host]`."""

KEYS: dict[str, Parse] = {
    "database": database,
    "plugins": dotted_names,
    "time_zone": zone,
    "log_level": log_level,
    "log_each_action_request": switch,
    "log_dir": text,
    "daemon_user": text,
    "background_sleep_time": seconds(above=True),
    "max_jobs": count(least=1, most=10_000),
    "stop_timeout": seconds(),
    "kill_grace": seconds(),
    "use_channels": no_channels,
    "keep_days": policy("keep_days"),
    "keep_jobs": policy("keep_jobs"),
}
"""Keys outside any table."""

DEFAULTS: dict[str, Parse] = {name: policy(name) for name in POLICIES if name not in KEYS}
"""Keys of the table `[defaults]`."""

TABLES: dict[str, dict[str, Parse] | None] = {"host": HOST, "defaults": DEFAULTS, "queues": None}
"""The tables: name -> its keys; None: the keys are names of queues, and each holds how many jobs run at once."""

_queue_size = count(least=1, most=10_000)


def _queue(name: str) -> Parse:
    def parse(value: object) -> object:
        KINDS["queue"].parse(name)
        return _queue_size(value)

    return parse


def parse_all(values: dict[str, Any]) -> tuple[dict[Keys, Any], list[tuple[Keys, str]]]:
    """Check everything that stands in one file.

    Returns  the good values by their keys, and for each bad one its keys and a text about it, in the order of the file.
    """
    good: dict[Keys, Any] = {}
    bad: list[tuple[Keys, str]] = []
    for keys, value in _flat(values):
        parse = _parser(keys)
        if parse is None:
            bad.append((keys, _unknown(keys)))
            continue
        try:
            good[keys] = parse(value)
        except ValueError as error:
            bad.append((keys, f"{'.'.join(keys)}: {error}"))
    return good, bad


def _flat(values: dict[str, Any]) -> list[tuple[Keys, Any]]:
    """Keys and values, those of a table one by one."""
    flat: list[tuple[Keys, Any]] = []
    for key, value in values.items():
        if key in TABLES and isinstance(value, dict):
            flat += [((key, inner), held) for inner, held in value.items()]
        else:
            flat.append(((key,), value))
    return flat


def _parser(keys: Keys) -> Parse | None:
    name, *inner = keys
    if name not in TABLES:
        return KEYS.get(name)
    if not inner:
        return _no_table(name)
    known = TABLES[name]
    return _queue(inner[0]) if known is None else known.get(inner[0])


def _no_table(name: str) -> Parse:
    def parse(value: object) -> object:
        raise _wrong(f"a table, [{name}]", value)

    return parse


def _unknown(keys: Keys) -> str:
    """A key in the wrong table is the usual slip: in TOML what follows `[host]` belongs to it."""
    key, table = keys[-1], keys[0] if len(keys) > 1 else ""
    said = f"unknown setting {key!r}" + (f" in [{table}]" if table else "")
    place = next((name for name, known in TABLES.items() if name != table and known and key in known), None)
    if place:
        return f"{said}; it belongs below the line [{place}]"
    if not table:
        return f"{said}; {near(key, [*KEYS, *TABLES], 'linod.toml(5) lists the keys')}"
    if key in KEYS:
        return f"{said}; it belongs above the line [{table}]"
    known = TABLES[table] or ()
    return f"{said}; {near(key, known, 'it has ' + ', '.join(known))}"
