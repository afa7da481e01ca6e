"""The command `linod`: what it passes on, what it prints, how it ends. The daemon behind it is a fake."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import linod
from linod.cli import commands
from linod.cli.given import Given
from linod.cli.linod import main, plain_start
from linod.errors import Busy, LinodError
from linod.loglevels import LogLevel
from linod.settings import Options, Settings


class FakeApp(ModuleType):
    """Stands for `linod.app`: keeps what it was called with, and ends as it is told to."""

    def __init__(self) -> None:
        super().__init__("linod.app")
        self.__path__ = [str(Path(linod.__file__).parent / "app")]  # the modules in it are the real ones
        self.calls: list[tuple[str, int]] = []
        self.settings: Settings
        self.options: Options
        self.ends_with: int | LinodError = 0

    def _end(self, name: str, settings: Settings, options: Options, loops: int = 0) -> int:
        self.calls.append((name, loops))
        self.settings, self.options = settings, options
        if isinstance(self.ends_with, LinodError):
            raise self.ends_with
        return self.ends_with

    def run(self, settings: Settings, options: Options) -> int:
        return self._end("run", settings, options)

    def check(self, settings: Settings, options: Options) -> int:
        return self._end("check", settings, options)

    def prep(self, settings: Settings, options: Options, loops: int) -> int:
        return self._end("prep", settings, options, loops)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeApp:
    """The fake, in a process whose environment configures no site."""
    fake = FakeApp()
    monkeypatch.setitem(sys.modules, "linod.app", fake)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINOD_SITE", raising=False)
    monkeypatch.delenv("LINO_LOGLEVEL", raising=False)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/linod-test")
    (tmp_path / "shop.toml").write_text("max_jobs = 9\n")
    (tmp_path / "bad.toml").write_text("max_jobs = 0\nmax_job = 1\n")
    return fake


def command(monkeypatch: pytest.MonkeyPatch, *words: str) -> object:
    """Run `linod WORDS`; the exit code."""
    monkeypatch.setattr(sys, "argv", ["linod", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_without_a_command_the_daemon_starts(app: FakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(monkeypatch, "--settings", "shop.toml") == 0

    assert app.calls == [("run", 0)]
    assert (app.settings.site, app.settings.max_jobs) == ("shop", 9)
    assert app.options._replace(reread=None) == Options(color=None, traceback=False, skip_checks=False)


def test_check_and_prep_do_not_start_it(app: FakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (["check"], ["prep"], ["prep", "--loops", "3"]):
        assert command(monkeypatch, "--settings", "shop.toml", *words) == 0

    assert app.calls == [("check", 0), ("prep", 1), ("prep", 3)]


@pytest.mark.parametrize("code", [0, 1, 78])
def test_the_exit_code_is_that_of_the_daemon(app: FakeApp, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    app.ends_with = code

    assert [command(monkeypatch, "--settings", "shop.toml", *words) for words in ([], ["check"], ["prep"])] == [
        code
    ] * 3


ALL = ["--settings", "shop.toml", "--site", "bank", "--pythonpath", "/a", "-v", "3", "--traceback", "--no-color"]


@pytest.mark.parametrize(
    "words", [[*ALL, "--skip-checks"], [*ALL, "check", "--skip-checks"], ["check", *ALL, "--skip-checks"]]
)
def test_options_do_the_same_before_and_behind_the_command(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    assert command(monkeypatch, *words) == 0

    assert (app.settings.site, app.settings.max_jobs, app.settings.log_level) == ("bank", 9, LogLevel.DEBUG)
    assert app.settings.host.path == ("/a",)
    assert app.options._replace(reread=None) == Options(color=False, traceback=True, skip_checks=True)


def test_the_one_behind_the_command_wins_and_directories_add_up(app: FakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ["--settings", "bad.toml", "--site", "bank", "--pythonpath", "/a", "--verbosity", "3"]
    behind = ["--settings", "shop.toml", "--site", "post", "--pythonpath", "/b", "--pythonpath", "/c", "-v", "0"]

    assert command(monkeypatch, *before, "check", *behind, "--force-color") == 0

    assert (app.settings.site, app.settings.host.path) == ("post", ("/a", "/b", "/c"))
    assert (app.settings.log_level, app.options.color) == (LogLevel.WARNING, True)


def test_linod_site_and_lino_loglevel_are_heard(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LINO_LOGLEVEL", "Debug")
    assert command(monkeypatch, "--settings", "shop.toml", "-v", "0") == 0
    assert app.settings.log_level == LogLevel.DEBUG

    monkeypatch.setenv("LINOD_SITE", "no-such-site")
    assert command(monkeypatch) == 78
    assert capsys.readouterr().err.startswith("linod: LINOD_SITE: unknown site 'no-such-site'")


def test_a_wrong_configuration_ends_with_78_and_one_line_for_each_problem(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert command(monkeypatch, "--settings", "bad.toml") == 78

    assert app.calls == []
    assert capsys.readouterr() == (
        "",
        f"linod: {tmp_path}/bad.toml:1: max_jobs: must be from 1 to 10000, not 0\n"
        f"{tmp_path}/bad.toml:2: unknown setting 'max_job'; did you mean 'max_jobs'?\n",
    )


def test_an_error_that_goes_to_the_journal_has_its_level(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("max_jobs = 0\nlog_level = 1\n")
    command = [sys.executable, "-m", "linod.cli.linod", "--settings", str(tmp_path / "bad.toml")]
    with (tmp_path / "stderr").open("w") as stderr:
        file = os.fstat(stderr.fileno())
        environ = {"JOURNAL_STREAM": f"{file.st_dev}:{file.st_ino}", "PYTHONPATH": str(Path(linod.__path__[0]).parent)}
        assert subprocess.run(command, env=environ, stderr=stderr).returncode == 78
    lines = (tmp_path / "stderr").read_text().splitlines()
    assert len(lines) > 1 and all(line.startswith("<3>") for line in lines)
    assert lines[0].startswith("<3>linod: ")


def test_an_error_of_the_daemon_is_one_line_and_its_own_exit_code(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app.ends_with = Busy("linod (PID 17) serves the site 'shop'")

    assert command(monkeypatch, "--settings", "shop.toml") == 1

    assert capsys.readouterr().err == "linod: linod (PID 17) serves the site 'shop'\n"


def test_traceback_shows_where_it_was_raised(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app.ends_with = Busy("somebody is here")

    assert command(monkeypatch, "--settings", "shop.toml", "--traceback") == 1

    shown = capsys.readouterr().err
    assert shown.startswith("Traceback (most recent call last):")
    assert "in _end" in shown
    assert shown.endswith("linod: somebody is here\n")


@pytest.mark.parametrize(
    "words",
    [
        ["--no-color", "--force-color"],
        ["--no-color", "check", "--force-color"],
        ["-v", "4"],
        ["-v", "loud"],
        ["prep", "--loops", "0"],
        ["--sites", "x"],
        ["stop"],
        ["check", "extra"],
        ["--settings"],
    ],
)
def test_a_slip_of_usage_ends_with_2(app: FakeApp, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    assert command(monkeypatch, *words) == 2
    assert app.calls == []


@pytest.mark.parametrize(
    "words", [["-h"], ["--help"], ["check", "-h"], ["prep", "--help"], ["--settings", "bad.toml", "check", "-h"]]
)
def test_help_names_the_options_of_the_page_and_starts_nothing(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert command(monkeypatch, *words) == 0

    shown = capsys.readouterr().out
    options = (
        "-h --help --settings --site --pythonpath -v --verbosity --traceback --no-color --force-color --skip-checks"
    )
    assert [option for option in options.split() if option not in shown] == []
    assert app.calls == []


def test_version_is_shown_whatever_else_is_asked(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "--settings", "bad.toml", "--version") == 0

    name, number = capsys.readouterr().out.split()
    assert (name, number[0].isdigit(), app.calls) == ("linod", True, [])


def test_a_plain_start_costs_no_typer(tmp_path: Path) -> None:
    """The start of the daemon has a budget, and so has its memory."""
    heavy = "typer click pydantic rich peewee asyncio sqlite3 tomllib zoneinfo"
    code = f"""
import sys, types
from linod.cli.linod import main
app = sys.modules["linod.app"] = types.ModuleType("linod.app")
app.run = lambda settings, options: print(settings.site, *set({heavy!r}.split()) & set(sys.modules)) or 0
sys.argv = ["linod", "--site", "linod", "-v", "1", "--no-color"]
main()
"""
    environ = {"PYTHONPATH": ":".join(sys.path), "HOME": str(tmp_path), "STATE_DIRECTORY": str(tmp_path)}

    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["linod"]


WORDS = """
--settings --settings=-x --site --site=b --site= --site=a=b --pythonpath --verbosity --verbosity=1 --verbosity=9 -v -v2
-v=2 --traceback --trace --no-color --force-color --skip-checks --version -h check a /a ./a.toml 0 2 3 4 -1 - -- =
"""


class Started(Exception):
    """Typer would start the daemon with these options."""


def as_typer_reads(words: list[str]) -> Given:
    def start(given: Given) -> None:
        raise Started(given)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Started) as caught:
        patch.setattr(commands, "run_daemon", start)
        commands.app(words, prog_name="linod")
    read = caught.value.args[0]
    assert isinstance(read, Given)
    return read


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.lists(st.sampled_from(WORDS.split()), max_size=5).filter(lambda words: plain_start(words) is not None))
def test_what_is_read_without_typer_is_what_typer_reads(words: list[str]) -> None:
    assert plain_start(words) == as_typer_reads(words)


def test_a_whole_line_is_read_alike() -> None:
    line = "--settings a --site=b --pythonpath c --pythonpath=d -v 0 --verbosity=3 --traceback --force-color"
    read = plain_start(line.split())

    assert read == Given("a", "b", ("c", "d"), 3, traceback=True, force_color=True)
    assert read == as_typer_reads(line.split())


@pytest.mark.parametrize(
    "line", ["check", "-h", "--version", "-v 4", "--site", "--site --traceback", "--no-color --force-color", "-v2"]
)
def test_any_other_line_is_left_to_typer(line: str) -> None:
    assert plain_start(line.split()) is None
