"""The manual pages describe everything that there is, and are well formed."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from linod.cli import grammar
from linod.control import interface
from linod.host.process import NOT_FOR_THE_HOST
from linod.jobs import State
from linod.journal import Event
from linod.models import OPERABLE
from linod.settings.keys import DEFAULTS, HOST, KEYS
from tests.docs.manual import (
    CTL,
    LINOD,
    TOML,
    environment,
    exit_codes,
    page,
    read,
    undescribed_commands,
    undescribed_options,
)
from tests.docs.pages import ROOT, code
from tests.docs.test_settings import as_toml, defaults, working

PROGRAMS = [(grammar.linod(), LINOD), (grammar.linod_ctl(), CTL)]
NAMES = [program.name for program, _ in PROGRAMS]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as Sphinx makes them."""
    out = tmp_path_factory.mktemp("man")
    done = subprocess.run([ROOT / "packaging" / "man", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize(("program", "source"), PROGRAMS, ids=NAMES)
def test_every_option_is_described_and_no_other(program: grammar.Program, source: Path) -> None:
    assert undescribed_options(program, read(source)) == []


@pytest.mark.parametrize(("program", "source"), PROGRAMS, ids=NAMES)
def test_an_option_that_is_taken_away_is_missed(program: grammar.Program, source: Path) -> None:
    text = source.read_text()
    lines = re.findall(r"(?m)^\.\. option::.*$", text)
    assert len(lines) > 9
    for line in lines:
        assert undescribed_options(program, page(text.replace(line, "", 1))), line
    assert undescribed_options(program, page(text.replace("option:: --site", "option:: --sites")))


def test_every_command_is_described() -> None:
    described = read(CTL)
    assert undescribed_commands(grammar.linod_ctl(), described) == []
    text = described.sections["COMMANDS THAT ACT"]
    assert text.strip() == ""  # its text stands below the headings of the commands
    without = page(CTL.read_text().replace("cancel-run *TASK*\n~", "cancel-job *TASK*\n~"))
    assert undescribed_commands(grammar.linod_ctl(), without) == ["cancel-run TASK"]
    commands = read(LINOD).sections["COMMANDS"]
    assert re.findall(r"(?m)^(\w+)$", commands) == [command.name for command in grammar.linod().commands]


def test_the_grammar_is_that_of_the_parser() -> None:
    """`--help` is what Typer made of the same declarations."""
    bin_ = Path(sys.executable).parent
    for program in (grammar.linod(), grammar.linod_ctl()):
        for name, options in [("", program.options)] + [(one.name, one.options) for one in program.commands]:
            words = [str(bin_ / program.name), *name.split(), "--help"]
            shown = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"}).stdout
            flags = set(re.findall(r"(?m)^ +(?:(-\w), ?)?(--[\w-]+)", shown))
            assert {flag for pair in flags for flag in pair if flag} | {"-h"} == {
                flag for option in options for flag in option.flags
            }, words


def test_every_setting_is_described_with_its_default_and_an_example() -> None:
    described = read(TOML)
    keys = described.terms("KEYS") | described.terms("HOST") | described.terms("DEFAULTS")
    assert set(keys) == working()
    for key, text in keys.items():
        assert "Default: " in text, key
        example = tomllib.loads(code(text.split("Example: ")[1]))
        table, _, name = key.rpartition(".")
        assert list(example) == [name]
        {"": KEYS, "host": HOST, "defaults": DEFAULTS}[table][name](*example.values())
    shown = {key: code(keys[key].split("Default: ")[1]) for key in defaults()}
    assert shown == {key: as_toml(value) for key, value in defaults().items()}


def test_examples_of_settings_are_toml() -> None:
    blocks = re.findall(r"\.\. code-block:: toml\n\n((?:    .*\n|\n)+)", TOML.read_text())
    assert len(blocks) == 2
    for block in blocks:
        values = tomllib.loads(re.sub(r"(?m)^    ", "", block))
        assert set(values) - {"host"} <= set(KEYS) and set(values.get("host", {})) <= set(HOST)


def test_every_column_is_described() -> None:
    assert set(read(CTL).terms("COLUMNS")) == set(OPERABLE)


def test_every_outcome_can_be_asked_for() -> None:
    text = read(CTL).sections["jobs [*TASK*]"]
    assert set(re.findall(r"``(\w+)``", text)) == set(State)


def test_every_key_of_json_is_described() -> None:
    """Of each type of the interface, from its Varlink text; a type that stands in another's text is found there."""
    text = (ROOT / "linod" / "control" / f"{interface.INTERFACE}.varlink").read_text()
    json = read(CTL).sections["JSON"]
    types = re.findall(r"(?m)^type (\w+) \(\n(.*?)^\)", text, re.DOTALL)
    assert len(types) > 10
    for name, fields in types:
        paragraphs = [part for part in json.split("\n\n") if re.search(rf"\b{name}\b", part)]
        assert paragraphs, name
        shown = set(re.findall(r"``(\w+)``", " ".join(paragraphs)))
        assert set(re.findall(r"(?m)^  (\w+):", fields)) <= shown, name


def test_every_exit_code_is_described() -> None:
    shown = {code for source in (LINOD, CTL) for code in read(source).terms("EXIT STATUS")}
    assert shown == {str(code) for code in exit_codes()}
    assert {"1", "2", "3", "4", "10", "77", "78", "130"} <= shown


def test_every_event_is_described_with_its_id() -> None:
    shown = re.findall(r"(?m)^``([A-Z_]+)``: ``([0-9a-f]{32})``\n    \S", read(LINOD).sections["JOURNAL"])
    assert dict(shown) == {event.name: event.value for event in Event if event.value}


def test_every_field_of_the_journal_is_described() -> None:
    sources = " ".join(path.read_text() for path in (ROOT / "linod").rglob("*.py"))
    shown = {name for name in read(LINOD).terms("JOURNAL") if name.startswith("LINOD_")}
    assert shown == set(re.findall(r"\"(LINOD_[A-Z_]+)\"", sources)) - {"LINOD_CONTROL"} - {
        name for name in environment() if name != "LINOD_SITE"
    } - {"LINOD_DEMO_DIR", "LINOD_DEMO_SMTP", "LINOD_DEMO_IMAP"}


def test_every_variable_of_the_environment_is_described() -> None:
    shown = {name for source in (LINOD, CTL) for name in read(source).terms("ENVIRONMENT")}
    assert shown == environment() | {"WATCHDOG_PID"}
    assert {"LINOD_SITE", "CREDENTIALS_DIRECTORY", "NO_COLOR", "LISTEN_FDS"} <= environment()
    assert set(NOT_FOR_THE_HOST) - shown == {"LISTEN_PIDFDID", "LISTEN_FDNAMES"}  # taken out for children, not read


def test_pages_have_the_sections_that_people_look_for() -> None:
    for source, sections in [
        (LINOD, "SYNOPSIS DESCRIPTION COMMANDS OPTIONS EXIT_STATUS SIGNALS ENVIRONMENT FILES EXAMPLES SEE_ALSO"),
        (CTL, "SYNOPSIS DESCRIPTION OPTIONS EXIT_STATUS ENVIRONMENT FILES EXAMPLES SEE_ALSO"),
        (TOML, "SYNOPSIS DESCRIPTION KEYS FILES EXAMPLES SEE_ALSO"),
    ]:
        assert {name.replace("_", " ") for name in sections.split()} <= set(read(source).sections)


@pytest.mark.parametrize("name", ["linod.8", "linod-ctl.1", "linod.toml.5"])
def test_man_has_nothing_to_warn_about(built: Path, name: str) -> None:
    """As lintian asks it."""
    environ = {**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"}
    command = ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(built / name)]
    done = subprocess.run(command, capture_output=True, text=True, env=environ)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["linod.8", "linod-ctl.1", "linod.toml.5"])
def test_the_built_page_shows_what_its_source_says(built: Path, name: str) -> None:
    """The checks above read sources: nothing of them may get lost on the way."""
    environ = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "200", "MAN_KEEP_FORMATTING": ""}
    done = subprocess.run(["man", "--nh", "--nj", "-l", str(built / name)], capture_output=True, text=True, env=environ)
    shown = done.stdout
    source = (ROOT / "docs" / "man" / f"{name}.rst").read_text()
    assert shown.splitlines()[0].startswith(f"{name.rsplit('.', 1)[0].upper()}({name[-1]})")
    flat = " ".join(shown.split())
    for literal in re.findall(r"``([^`\n]+)``", source):
        assert " ".join(literal.split()) in flat, literal
