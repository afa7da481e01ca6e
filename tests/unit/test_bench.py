"""The arithmetic of `make bench`: percentiles, budgets, and the second chance of a missed figure."""

import math
from collections.abc import Callable, Sequence

import pytest

from tests.bench.burst import overtaken
from tests.bench.processes import Usage
from tests.bench.punctual import SECOND, faults, nanoseconds
from tests.bench.table import lines
from tests.bench.verdict import (
    Budget,
    Figure,
    Settled,
    at_least,
    at_most,
    floor_plus,
    floor_times,
    median,
    median_pair,
    percentile,
    settle,
)


@pytest.mark.parametrize(("percent", "expected"), [(1, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)])
def test_a_percentile_is_the_sample_of_that_rank(percent: float, expected: float) -> None:
    assert percentile(range(100, 0, -1), percent) == expected


def test_with_few_samples_the_tail_is_the_worst_one() -> None:
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0
    assert percentile([7.0], 50) == 7.0


def test_a_median_is_a_sample() -> None:
    assert median([1.0, 2.0, 30.0, 40.0]) == 2.0
    assert median([5.0, 1.0, 3.0]) == 3.0


def test_a_machine_that_changes_its_speed_changes_no_ratio() -> None:
    slow, fast = [(30.0, 20.0)] * 3, [(15.0, 10.0)] * 2
    assert median_pair([*slow, *fast]) in (slow[0], fast[0])
    assert median_pair([(16.0, 10.0), (30.0, 20.0), (14.0, 10.0)]) == (30.0, 20.0)


@pytest.mark.parametrize(("samples", "percent"), [([], 50), ([1.0], 0), ([1.0], 100.5), ([1.0], -1)])
def test_a_percentile_of_nothing_is_refused(samples: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="percent"):
        percentile(samples, percent)


@pytest.mark.parametrize(
    ("budget", "measured", "floor", "met"),
    [
        (at_most(0.35), 0.35, None, True),
        (at_most(0.35), 0.36, None, False),
        (at_least(200), 200, None, True),
        (at_least(200), 199.9, None, False),
        (floor_times(1.5), 3.0, 2.0, True),
        (floor_times(1.5), 3.1, 2.0, False),
        (floor_plus(1.5), 2.5, 1.0, True),
        (floor_plus(1.5), 2.6, 1.0, False),
        (at_most(1), math.nan, None, False),
        (at_least(1), math.nan, None, False),
        (floor_plus(1), math.nan, 1.0, False),
    ],
)
def test_a_budget_is_met_up_to_its_limit(budget: Budget, measured: float, floor: float | None, met: bool) -> None:
    assert budget.met_by(measured, floor) is met


def test_a_budget_against_a_floor_needs_one() -> None:
    with pytest.raises(ValueError, match=r"<= 1\.5 x floor"):
        floor_times(1.5).met_by(1.0, None)


def test_a_budget_reads_as_the_table_writes_it() -> None:
    texts = [str(budget) for budget in (at_most(0.35), at_least(200), floor_times(1.5), floor_plus(2))]

    assert texts == ["<= 0.35", ">= 200", "<= 1.5 x floor", "<= floor + 2"]


def test_against_the_floor_is_a_ratio_or_a_difference() -> None:
    assert Figure("start", "s", 0.3, floor_times(1.5), floor=0.2).against_floor == "1.50 x"
    assert Figure("run-now", "ms", 2.5, floor_plus(1.5), floor=1.0).against_floor == "+1.50 ms"
    assert Figure("memory", "MiB", 40, at_most(52)).against_floor == ""


def measured_in_turn(*rounds: Sequence[Figure]) -> Callable[[], Sequence[Figure]]:
    """A measurement that answers each of `rounds` once, and fails when it is asked more often."""
    left = iter(rounds)
    return lambda: next(left)


def figure(name: str, measured: float) -> Figure:
    return Figure(name, "s", measured, at_most(1))


def test_figures_that_are_met_are_measured_once() -> None:
    good = figure("stop", 0.5)

    settled = settle(measured_in_turn([good]))

    assert settled == [Settled(good)]
    assert settled[0].verdict == "ok"


def test_a_miss_has_a_second_chance() -> None:
    settled = settle(measured_in_turn([figure("stop", 2)], [figure("stop", 0.9)]))

    assert settled[0].verdict == "ok at the 2nd"
    assert settled[0].before == figure("stop", 2)


def test_missed_twice_is_missed() -> None:
    assert settle(measured_in_turn([figure("stop", 2)], [figure("stop", 3)]))[0].verdict == "MISSED"


def test_a_figure_met_at_first_is_not_lost_by_the_second_measurement_of_its_neighbour() -> None:
    first, second = [figure("p50", 0.1), figure("p99", 9)], [figure("p50", 8), figure("p99", 0.9)]

    assert [one.verdict for one in settle(measured_in_turn(first, second))] == ["ok", "ok at the 2nd"]


def test_what_a_machine_cannot_have_is_neither_met_nor_missed() -> None:
    absent = Figure("cgroup", "", math.nan, at_most(0), note="needs root", here=False)

    settled = settle(measured_in_turn([absent]))

    assert [one.verdict for one in settled] == ["not here"]
    assert [row for row in lines(settled) if row.startswith("cgroup") and row.endswith("needs root")]


def test_the_table_names_what_missed_twice_with_both_measurements() -> None:
    rows = lines([Settled(figure("stop", 3), figure("stop", 2)), Settled(figure("start", 0.5))])

    assert [row for row in rows if "MISSED" in row and "first 2.00" in row and row.startswith("stop")]
    assert all(len(row) <= 160 for row in rows)


def test_use_counts_a_process_that_came_later_from_its_beginning() -> None:
    before = {1: Usage(cpu=2.0, wakeups=10), 2: Usage(cpu=1.0, wakeups=5)}
    after = {1: Usage(cpu=2.5, wakeups=14), 3: Usage(cpu=0.25, wakeups=3)}

    assert Usage.between(before, after) == Usage(cpu=0.75, wakeups=7)


@pytest.mark.parametrize(
    ("slots", "faulty"),
    [
        ([0, 1, 2, 3], 0),
        ([0, 1, 3, 4], 1),  # one skipped
        ([0, 1, 1, 2, 3], 2),  # one doubled: a step of nothing, and a slot too many
        ([0, 1, 2], 1),  # one missing at the end
        ([0, 1.001, 2.001, 3.001], 1),  # drifted once, by a millisecond
    ],
)
def test_slots_are_a_second_apart_or_at_fault(slots: list[float], faulty: int) -> None:
    assert faults([round(slot * SECOND) for slot in slots], expected=4) == faulty


@pytest.mark.parametrize(
    ("claimed", "late"),
    [
        ([], 0),
        ([("00:01", 7), ("00:02", 3), ("00:02", 4)], 0),
        ([("00:01", 7), ("00:02", 4), ("00:02", 3)], 1),  # fell due together, and the later row was first
        ([("00:09", 1), ("00:01", 7), ("00:02", 3)], 2),  # one has overtaken two
        ([("00:01", 7), ("00:02", 3), ("00:01", 8)], 1),
    ],
)
def test_slots_have_their_jobs_in_their_turn_or_have_been_overtaken(claimed: list[tuple[str, int]], late: int) -> None:
    assert overtaken(claimed) == late


def test_a_moment_of_the_wire_is_exact_to_the_microsecond() -> None:
    assert nanoseconds("2026-11-24T00:00:01.000001Z") - nanoseconds("2026-11-24T00:00:00.999999Z") == 2_000
    assert nanoseconds("1970-01-01T01:00:00+01:00") == 0
