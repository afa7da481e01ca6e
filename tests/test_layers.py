"""The layers of the design, read from the imports: a module imports only from groups above its own."""

import ast
from collections.abc import Iterator
from pathlib import Path

import linod

ROOT = Path(linod.__file__).parent

GROUPS = [
    {"lazy", "tuples"},
    {"errors", "clock", "settings", "loglevels", "quantities", "policies", "inforce"},
    {
        "recurrence",
        "tasks",
        "jobs",
        "retries",
        "afterwards",
        "changes",
        "schedule",
        "lists",
        "preview",
        "procedures",
        "request",
        "dd",
        "ordering",
        "kinds",
        "users",
    },
    {"models", "migrations", "store", "lock", "cgroups", "host", "journal", "logs", "notify", "control"},
    {"runner", "foreground", "tables"},
    {"app", "cli", "testing", "demo"},
]

WITHIN = {
    # What a module may import from its own group: the sentences of the design.
    "settings": {"errors", "loglevels", "policies", "quantities"},
    "quantities": set(),
    "policies": {"errors", "quantities"},
    "inforce": {"policies"},
    "clock": set(),
    "errors": set(),
    "loglevels": {"errors"},
    "recurrence": {"tasks"},
    "tasks": {"jobs", "recurrence"},
    "jobs": set(),
    "retries": {"tasks"},
    "afterwards": {"tasks", "jobs", "retries"},
    "changes": set(),
    "schedule": {"tasks", "jobs"},
    "lists": {"tasks"},
    "preview": {"tasks", "recurrence"},
    "procedures": {"request", "recurrence", "tasks"},
    "request": set(),
    "dd": {"procedures"},
    "ordering": set(),
    "kinds": {"tasks"},
    "users": set(),
    "models": set(),
    "migrations": {"models"},
    "store": {"models", "migrations"},
    "lock": set(),
    "cgroups": set(),
    "host": {"models", "cgroups", "lock"},
    "journal": set(),
    "logs": {"journal"},
    "notify": set(),
    "control": {"lock"},
    "foreground": {"runner"},
    "tables": set(),
    "app": set(),
    "cli": {"app"},
    "testing": set(),
    "demo": {"testing"},
}

SITE_SIDE = [
    *(
        "linod",
        "linod.host.main",
        "linod.foreground.main",
        "linod.procedures.decorators",
        "linod.testing",
        "linod.logs",
    ),
    *("linod.demo.models", "linod.demo.cms.models", "linod.demo.startup"),
]
DAEMON_ONLY = {"asyncio", "typer", "sdnotify", "systemd"}
"""What the site's interpreter must not need: a virtualenv has linod's pure-Python base only, and memory counts."""


def python_files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def package_of(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else path.stem


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports anywhere, also inside functions, but not for type checking only."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def group_of(package: str) -> int:
    for number, group in enumerate(GROUPS):
        if package in group:
            return number
    raise AssertionError(f"linod/{package} stands in no layer; put it into DESIGN's table and into this test")


def breaches(path: Path) -> Iterator[str]:
    own = package_of(path)
    if own == "__init__":
        return
    for name, line in imported(path):
        parts = name.split(".")
        if parts[0] != "linod" or len(parts) == 1 or parts[1] in (own, "__version__"):
            continue
        other = parts[1]
        if not (ROOT / other).exists() and not (ROOT / f"{other}.py").exists():
            continue  # a name of the package itself: `from linod import background_task`
        above = group_of(other) < group_of(own)
        if not above and other not in WITHIN.get(own, set()):
            yield f"{path.relative_to(ROOT.parent)}:{line}: {own} imports {other}"


def test_a_module_imports_only_from_groups_above_its_own() -> None:
    assert [breach for path in python_files() for breach in breaches(path)] == []


def test_the_layer_test_can_fail(tmp_path: Path) -> None:
    bad = ROOT / "errors.py"
    assert list(imported(bad))  # it reads imports at all
    assert group_of("store") > group_of("tasks")


def file_of(name: str) -> Path | None:
    """The file of a module of linod, None for a name inside one."""
    path = ROOT.parent.joinpath(*name.split("."))
    return (
        path / "__init__.py" if path.is_dir() else path.with_suffix(".py") if path.with_suffix(".py").exists() else None
    )


def reached(entries: list[str]) -> set[Path]:
    """All files of linod that these modules import, at once or when a function of theirs is called."""
    found: set[Path] = set()
    waiting = list(entries)
    while waiting:
        name = waiting.pop()
        parts = name.split(".")
        for path in filter(None, (file_of(".".join(parts[:n])) for n in range(1, len(parts) + 1))):
            if path not in found:
                found.add(path)
                waiting += [other for other, _ in imported(path) if other.split(".")[0] == "linod"]
    return found


def test_what_a_site_imports_needs_only_the_standard_library_peewee_and_dateutil() -> None:
    files = reached(SITE_SIDE)
    assert {"child.py", "runnable.py", "decorators.py"} <= {path.name for path in files}
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sorted(files)
        for name, line in imported(path)
        if name.split(".")[0] in DAEMON_ONLY and not (name == "asyncio" and is_for_a_coroutine(path, line))
    ]
    assert found == []


def is_for_a_coroutine(path: Path, line: int) -> bool:
    """asyncio may be imported for a procedure that is a coroutine: inside a function, or in a module for it."""
    return path.name == "coroutine.py" or path.read_text().splitlines()[line - 1].startswith(" ")


def test_time_is_read_in_one_place() -> None:
    reads = ("datetime.now(", "datetime.utcnow(", "time.time(", "date.today(")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in python_files()
        if package_of(path) not in {"clock", "demo", "testing", "host"}  # the site's interpreter has no Clock
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if any(read in line for read in reads)
    ]
    assert found == []


def test_no_file_is_long() -> None:
    """A file of more than 400 lines holds a second idea."""
    assert [str(path) for path in python_files() if len(path.read_text().splitlines()) > 400] == []


def test_a_value_is_a_named_tuple() -> None:
    """A dataclass takes 0.9 ms to make, 2.6 ms with the columns of a task; a NamedTuple 0.2. linod has 45 values."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in python_files()
        for name, line in imported(path)
        if name.split(".")[0] == "dataclasses"
    ]
    assert found == []
