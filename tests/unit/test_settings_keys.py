"""What each key may hold."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linod.loglevels import LogLevel
from linod.settings.keys import HOST, KEYS, parse_all


def problem(**values: Any) -> str:
    """The only thing that is wrong with the values."""
    _, bad = parse_all(values)
    assert len(bad) == 1
    return bad[0][1]


def good(**values: Any) -> dict[tuple[str, ...], Any]:
    parsed, bad = parse_all(values)
    assert not bad
    return parsed


def test_good_values_keep_their_meaning() -> None:
    assert good(max_jobs=1, log_level="warning", background_sleep_time=2, host={"path": ["a"]}) == {
        ("max_jobs",): 1,
        ("log_level",): LogLevel.WARNING,
        ("background_sleep_time",): 2.0,
        ("host", "path"): ("a",),
    }


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"max_job": 1}, "unknown setting 'max_job'; did you mean 'max_jobs'?"),
        ({"xyzzy": 1}, "unknown setting 'xyzzy'; linod.toml(5) lists the keys"),
        ({"hosts": {}}, "unknown setting 'hosts'; did you mean 'host'?"),
        ({"python": "x"}, "unknown setting 'python'; it belongs below the line [host]"),
        ({"host": {"max_jobs": 1}}, "unknown setting 'max_jobs' in [host]; it belongs above the line [host]"),
        ({"host": {"pyhton": "x"}}, "unknown setting 'pyhton' in [host]; did you mean 'python'?"),
        ({"host": {"xyzzy": 1}}, "it has python, path, load_timeout, silence_timeout"),
        ({"host": "x"}, "host: must be a table, [host], not text 'x'"),
        ({"max_jobs": "4"}, "max_jobs: must be a whole number, not text '4'"),
        ({"max_jobs": True}, "max_jobs: must be a whole number, not true or false"),
        ({"max_jobs": 4.0}, "max_jobs: must be a whole number, not a number 4.0"),
        ({"max_jobs": 0}, "max_jobs: must be from 1 to 10000, not 0"),
        ({"background_sleep_time": -5}, "background_sleep_time: must be more than 0 seconds, not -5"),
        ({"background_sleep_time": 0}, "more than 0 seconds"),  # would be a loop without a rest
        ({"background_sleep_time": float("nan")}, "more than 0 seconds, not nan"),
        ({"stop_timeout": float("inf")}, "stop_timeout: must be at most 31536000 seconds, a year, not inf"),
        ({"stop_timeout": "90s"}, "stop_timeout: must be a number of seconds, not text '90s'"),
        ({"kill_grace": -0.1}, "kill_grace: must be at least 0 seconds, not -0.1"),
        ({"host": {"load_timeout": 0}}, "host.load_timeout: must be more than 0 seconds"),
        ({"log_each_action_request": "yes"}, "must be true or false, not text 'yes'"),
        ({"log_level": "INOF"}, "log_level: unknown logging level 'INOF'; did you mean 'INFO'?"),
        ({"log_level": "loud"}, "one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ({"log_level": 20}, "log_level: must be the name of a logging level, not a whole number 20"),
        ({"time_zone": "Europe/Talinn"}, "unknown time zone 'Europe/Talinn'; did you mean 'Europe/Tallinn'?"),
        ({"time_zone": "Europe"}, "unknown time zone 'Europe'"),
        ({"time_zone": "../../etc/passwd"}, "unknown time zone"),
        ({"time_zone": "xyzzy/plugh/17"}, "`timedatectl list-timezones` lists the names"),
        ({"daemon_user": ""}, "daemon_user: cannot be ''"),
        ({"plugins": "linod.demo"}, "plugins: must be a list of texts, not text 'linod.demo'"),
        ({"plugins": ["a", 1]}, "plugins: must be text, not a whole number 1"),
        ({"plugins": ["linod-demo"]}, "plugins: 'linod-demo' is not the dotted name of a module"),
        ({"plugins": ["a..b"]}, "'a..b' is not the dotted name"),
        ({"use_channels": True}, "use_channels: linod has no channels yet; remove the line or write false"),
        ({"use_channels": "no"}, "use_channels: must be true or false"),
    ],
)
def test_a_bad_value_is_refused_with_the_reason(values: dict[str, Any], text: str) -> None:
    assert text in problem(**values)


def test_a_policy_is_written_as_linod_ctl_set_takes_it() -> None:
    found = good(defaults={"timeout": "1h", "memory_max": "512M", "retries": 5}, queues={"mail": 1}, keep_days=90)
    assert found == {
        ("defaults", "timeout"): 3600,
        ("defaults", "memory_max"): 512 << 20,
        ("defaults", "retries"): 5,
        ("queues", "mail"): 1,
        ("keep_days",): 90,
    }


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"defaults": 1}, "defaults: must be a table, [defaults], not a whole number 1"),
        ({"defaults": {"timout": 1}}, "unknown setting 'timout' in [defaults]; did you mean 'timeout'?"),
        ({"defaults": {"timeout": True}}, "defaults.timeout: must be a length of time"),
        ({"defaults": {"overlap": "drop"}}, "defaults.overlap: 'drop' is unknown; known are skip, queue, replace"),
        ({"defaults": {"keep_days": 3}}, "'keep_days' in [defaults]; it belongs above the line [defaults]"),
        ({"overlap": "skip"}, "unknown setting 'overlap'; it belongs below the line [defaults]"),
        ({"queues": {"mail": 0}}, "queues.mail: must be from 1 to 10000, not 0"),
        ({"queues": {"my mail": 1}}, "queues.my mail: 'my mail' is not the name of a queue"),
        ({"keep_jobs": 3}, "keep_jobs: 3 is not a whole number from 20"),
    ],
)
def test_a_bad_policy_is_refused_with_the_reason(values: dict[str, Any], text: str) -> None:
    assert text in problem(**values)


def test_use_channels_false_is_what_is() -> None:
    assert good(use_channels=False) == {("use_channels",): False}


def test_a_plugin_named_twice_is_loaded_once() -> None:
    assert good(plugins=["b", "a", "b"])["plugins",] == ("b", "a")


@pytest.mark.parametrize("url", ["sqlite:///linod.sqlite", "sqlite:////var/lib/x/linod.sqlite"])
def test_a_database_is_a_file_of_sqlite(url: str) -> None:
    assert good(database=url)["database",] == url


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("postgresql://linod:hunter2@db/linod", "names a postgresql database; linod speaks SQLite so far"),
        ("/var/lib/hunter2.sqlite", "must be a URL, like sqlite:////var"),
        ("sqlite://hunter2.sqlite", "must begin with sqlite:///"),
        ("sqlite:hunter2.sqlite", "must begin with sqlite:///"),
        ("sqlite:///", "names no file"),
        ("sqlite:////srv/hunter2/", "names no file"),
        ("sqlite:///:memory:", "must be a file"),
        ("sqlite:///hunter2?timeout=5", "nor parameters"),
    ],
)
def test_any_other_database_is_refused_without_repeating_a_password(url: str, text: str) -> None:
    assert text in problem(database=url)
    assert "hunter2" not in problem(database=url)


def test_every_problem_of_a_file_is_told_at_once() -> None:
    _, bad = parse_all({"max_jobs": 0, "plugins": [], "host": {"python": 3, "path": ["x"]}})

    assert [keys for keys, _ in bad] == [("max_jobs",), ("host", "python")]


_ANYTHING = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes() | st.dates() | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(
    st.dictionaries(st.sampled_from([*KEYS, "xyzzy"]), _ANYTHING, max_size=3),
    st.dictionaries(st.sampled_from([*HOST, "xyzzy"]), _ANYTHING, max_size=3),
)
def test_whatever_stands_in_a_file_is_taken_or_refused_but_nothing_raises(
    top: dict[str, Any], host: dict[str, Any]
) -> None:
    parsed, bad = parse_all(top | {"host": host})

    assert {*parsed, *(keys for keys, _ in bad)} == {(key,) for key in top} | {("host", key) for key in host}
