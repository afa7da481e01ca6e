"""The policies of a task: what people write, and what fills an empty one."""

import pytest

from linod.policies import KINDS, LINODS, POLICIES, policy_of, policy_text
from linod.quantities import bytes_text, parse_bytes, parse_seconds, seconds_text
from linod.tasks import Task


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        (90, 90),
        ("90s", 90),
        ("5min", 300),
        ("1h 30min", 5400),
        ("1h30m", 5400),
        ("2 days", 172_800),
        ("1w", 604_800),
    ],
)
def test_a_length_of_time_is_read_as_systemd_reads_it(text: object, seconds: int) -> None:
    assert parse_seconds(text) == seconds
    assert parse_seconds(seconds_text(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "s", "1.5h", "-3", -3, True, 1.5, None, "1 fortnight", "5min!", "\u0663s"])
def test_what_is_no_length_of_time_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is not a length of time in whole seconds, such as"):
        parse_seconds(text)


@pytest.mark.parametrize(
    ("text", "size"), [("512M", 512 << 20), ("2g", 2 << 30), (4096, 4096), ("1G 512M", 1536 << 20), ("7B", 7)]
)
def test_a_size_counts_by_1024(text: object, size: int) -> None:
    assert parse_bytes(text) == size
    assert parse_bytes(bytes_text(size)) == size


@pytest.mark.parametrize("text", ["50%", "512MB", "M", "", True, -1])
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is not a size such as 512M"):
        parse_bytes(text)


@pytest.mark.parametrize("name", ["timeout", "memory_max", "pids_max"])
def test_infinity_is_no_limit(name: str) -> None:
    assert KINDS[name].parse("infinity") == KINDS[name].parse(0) == 0
    assert policy_text(name, 0) == "infinity"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("overlap", "drop"),
            ("on_failure", ""),
            ("retries", -1),
            ("retries", "3.5"),
            ("retry_pause", 0),
            ("timeout", "2 years"),
        ),
        *(
            ("priority", 1001),
            ("splay", "infinity"),
            ("queue", "a b"),
            ("queue", ""),
            ("memory_max", "4K"),
            ("cpu_weight", 0),
        ),
        *(("keep_jobs", 19), ("keep_days", 0), ("retries", True)),
    ],
)
def test_a_value_that_a_policy_cannot_have_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=" is "):
        KINDS[name].parse(value)


def test_what_linod_shows_of_a_policy_can_be_set() -> None:
    for name, value in zip(POLICIES, LINODS, strict=True):
        if name != "queue":
            assert KINDS[name].parse(policy_text(name, value)) == value


def test_an_empty_policy_is_the_sites() -> None:
    task = Task("linod.SystemTask", 1, 1, "a", "a", timeout=0, retries=7)
    site = LINODS._replace(timeout=60, overlap="queue")
    assert policy_of(task, site) == site._replace(timeout=0, retries=7)
    assert policy_of(task) == LINODS._replace(retries=7)
