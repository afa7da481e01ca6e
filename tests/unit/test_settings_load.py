"""From command line, environment and files to `Settings`."""

import os
import sys
from pathlib import Path

import pytest

from linod.loglevels import LogLevel
from linod.settings import load
from tests.unit.settings_computer import Computer


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path)


def test_an_empty_home_directory_has_sensible_defaults(computer: Computer) -> None:
    settings = computer.load()

    state = computer.home / ".local" / "state" / "linod" / "linod"
    assert (settings.site, settings.file) == ("linod", None)
    assert settings.place == computer.base / "etc" / "linod.toml"
    assert settings.database == f"sqlite:///{state}/linod.sqlite"
    assert settings.database_file == state / "linod.sqlite"
    assert settings.control_socket == Path("/run/user/1000/linod/linod/control")
    assert (settings.time_zone, settings.log_level, settings.plugins) == ("Europe/Tallinn", LogLevel.INFO, ())
    assert (settings.background_sleep_time, settings.max_jobs) == (5, 4)
    assert (settings.stop_timeout, settings.kill_grace) == (60, 10)
    assert (settings.host.python, settings.host.load_timeout, settings.host.silence_timeout) == (sys.executable, 60, 60)
    assert settings.warnings == ()


def test_loading_makes_nothing(computer: Computer) -> None:
    computer.home.touch()
    computer.load()

    assert list(computer.base.rglob("*")) == [computer.home]


def test_a_file_says_otherwise(computer: Computer) -> None:
    file = computer.write(
        "etc/shop.toml",
        'database = "sqlite:////srv/shop.sqlite"',
        'plugins = ["shop.tasks"]',
        'time_zone = "Europe/Rome"',
        'log_level = "warning"',
        'daemon_user = "robin"',
        "use_channels = false",
        "max_jobs = 2",
        "[host]",
        f'python = "{sys.executable}"',
        "load_timeout = 5",
    )

    settings = computer.load(site="shop")

    assert (settings.site, settings.file, settings.place) == ("shop", file, file)
    assert settings.database_file == Path("/srv/shop.sqlite")
    assert (settings.plugins, settings.time_zone) == (("shop.tasks",), "Europe/Rome")
    assert (settings.log_level, settings.daemon_user, settings.max_jobs) == (LogLevel.WARNING, "robin", 2)
    assert (settings.host.load_timeout, settings.host.silence_timeout) == (5, 60)


def test_each_thing_that_is_wrong_is_named_with_file_line_key_and_cure(computer: Computer) -> None:
    file = computer.write("etc/linod.toml", "max_job = 3", "", "background_sleep_time = -1", "[host]", "path = 3")

    assert computer.refused().splitlines() == [
        f"{file}:1: unknown setting 'max_job'; did you mean 'max_jobs'?",
        f"{file}:3: background_sleep_time: must be more than 0 seconds, not -1",
        f"{file}:5: host.path: must be a list of texts, not a whole number 3",
    ]


def test_directories_of_the_command_line_come_before_those_of_the_file(computer: Computer) -> None:
    computer.write("etc/linod.toml", "[host]", 'path = ["lib"]')
    computer.directory("etc/lib")

    settings = computer.load(pythonpath=("/srv/a", "b"))

    assert settings.host.path == ("/srv/a", str(computer.home / "b"), str(computer.base / "etc" / "lib"))


def test_a_directory_that_is_not_there_is_a_warning(computer: Computer) -> None:
    file = computer.write("etc/linod.toml", "[host]", 'path = ["/nowhere"]')

    assert computer.load().warnings == (f"{file}:2: host.path: no directory /nowhere to search",)


def test_the_interpreter_must_be_there(computer: Computer) -> None:
    file = computer.write("etc/linod.toml", "[host]", 'python = "env/bin/python"')
    interpreter = computer.base / "etc" / "env" / "bin" / "python"
    assert (
        computer.refused()
        == f"{file}:2: host.python: there is no interpreter {interpreter} (No such file or directory)"
    )

    computer.write("etc/env/bin/python")
    assert f"{file}:2: host.python: {interpreter} cannot be executed" in computer.refused()

    interpreter.chmod(0o755)
    assert computer.load().host.python == str(interpreter)


def test_a_directory_is_no_interpreter(computer: Computer) -> None:
    file = computer.write("etc/linod.toml", "[host]", 'python = "./env"')
    computer.directory("etc/env")

    assert computer.refused() == f"{file}:2: host.python: {computer.base}/etc/env is no interpreter"


def test_the_link_of_a_virtualenv_is_kept(computer: Computer) -> None:
    link = computer.directory("env") / "python"
    link.symlink_to(sys.executable)
    computer.write("etc/linod.toml", "[host]", f'python = "{link}"')

    assert computer.load().host.python == str(link)


def test_an_interpreter_without_a_slash_is_a_command(computer: Computer) -> None:
    file = computer.write("etc/linod.toml", "[host]", 'python = "python3.11-of-site"')
    computer.environ["PATH"] = str(computer.base / "bin")
    assert computer.refused() == f"{file}:2: host.python: there is no command 'python3.11-of-site' on PATH"

    computer.write("bin/python3.11-of-site").chmod(0o755)
    assert computer.load().host.python == "python3.11-of-site"


def test_the_credential_overrides_the_database(computer: Computer) -> None:
    computer.write("etc/linod.toml", 'database = "sqlite:////srv/a.sqlite"')
    computer.environ["CREDENTIALS_DIRECTORY"] = str(computer.directory("credentials"))
    assert computer.load().database_file == Path("/srv/a.sqlite")

    credential = computer.write("credentials/linod.database-url", "sqlite:////srv/b.sqlite")
    assert computer.load().database_file == Path("/srv/b.sqlite")

    credential.write_text("postgresql://linod:hunter2@db/linod")
    assert computer.refused() == (
        f"{credential}: database: names a postgresql database; linod speaks SQLite so far: sqlite:///PATH"
    )


@pytest.mark.parametrize(
    ("configured", "verbosity", "variable", "level"),
    [
        ("INFO", None, None, LogLevel.INFO),
        ("INFO", 0, None, LogLevel.WARNING),
        ("ERROR", 0, None, LogLevel.ERROR),
        ("WARNING", 1, None, LogLevel.WARNING),
        ("WARNING", 2, None, LogLevel.INFO),
        ("DEBUG", 2, None, LogLevel.DEBUG),
        ("WARNING", 3, None, LogLevel.DEBUG),
        ("INFO", 0, "debug", LogLevel.DEBUG),
        ("INFO", 3, "Error", LogLevel.ERROR),
        ("WARNING", None, "", LogLevel.WARNING),
    ],
)
def test_the_variable_wins_over_the_option_and_that_over_the_file(
    computer: Computer, configured: str, verbosity: int | None, variable: str | None, level: LogLevel
) -> None:
    computer.write("etc/linod.toml", f'log_level = "{configured}"')
    computer.environ |= {} if variable is None else {"LINO_LOGLEVEL": variable}

    assert computer.load(verbosity=verbosity).log_level == level


def test_an_unknown_level_in_the_variable_is_refused(computer: Computer) -> None:
    computer.environ["LINO_LOGLEVEL"] = "debgu"

    assert computer.refused() == "LINO_LOGLEVEL: unknown logging level 'debgu'; did you mean 'DEBUG'?"


@pytest.mark.parametrize(
    ("configured", "variable", "level"),
    [("WARNING", None, LogLevel.WARNING), ("WARNING", "", LogLevel.WARNING), ("WARNING", "Debug", LogLevel.DEBUG)],
)
def test_the_file_has_a_level_of_its_own(
    computer: Computer, configured: str, variable: str | None, level: LogLevel
) -> None:
    computer.write("etc/linod.toml", f'log_level = "{configured}"')
    computer.environ["LINO_LOGLEVEL"] = "error"
    computer.environ |= {} if variable is None else {"LINO_FILE_LOGLEVEL": variable}

    assert computer.load(verbosity=3).file_log_level == level


def test_an_unknown_level_of_the_file_is_refused(computer: Computer) -> None:
    computer.environ["LINO_FILE_LOGLEVEL"] = "debgu"

    assert computer.refused() == "LINO_FILE_LOGLEVEL: unknown logging level 'debgu'; did you mean 'DEBUG'?"


def test_the_log_directory_is_the_file_s_else_systemd_s_else_there_is_none(computer: Computer) -> None:
    assert computer.load().log_dir is None
    computer.environ["LOGS_DIRECTORY"] = "/var/log/shop:/var/log/other"
    assert computer.load().log_dir == Path("/var/log/shop")

    computer.write("etc/linod.toml", 'log_dir = "log"')

    settings = computer.load()
    assert settings.log_dir == computer.base / "etc" / "log"
    assert settings.log_socket == computer.base / "etc" / "log" / "lino.log.sock"


def test_a_log_directory_that_is_too_long_for_a_socket_is_refused(computer: Computer) -> None:
    computer.environ["LOGS_DIRECTORY"] = "/" + "x" * 92
    assert computer.load().log_dir == Path("/" + "x" * 92)

    computer.environ["LOGS_DIRECTORY"] += "x"
    assert "the log socket in it would have a path of 108 bytes, and a Unix socket has 107" in computer.refused()


def test_a_path_that_is_too_long_for_a_socket_is_refused(computer: Computer) -> None:
    computer.environ["RUNTIME_DIRECTORY"] = "/" + "x" * 98
    assert computer.load().runtime_dir == Path("/" + "x" * 98)

    computer.environ["RUNTIME_DIRECTORY"] = "/" + "x" * 99
    assert "too long for a Unix socket (108 bytes of 107)" in computer.refused()


def test_the_environment_is_kept_for_those_who_need_it_and_not_shown(computer: Computer) -> None:
    computer.environ["NOTIFY_SOCKET"] = "@hunter2"
    settings = computer.load()

    assert settings.environ["NOTIFY_SOCKET"] == "@hunter2"
    assert "hunter2" not in repr(settings)


def test_this_process_is_asked_when_nothing_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("LINO_LOGLEVEL", "error")
    file = tmp_path / "shop.toml"
    file.touch()

    settings = load(settings=str(file))

    assert (settings.state_dir, settings.log_level) == (tmp_path, LogLevel.ERROR)
    assert settings.environ["PATH"] == os.environ["PATH"]
