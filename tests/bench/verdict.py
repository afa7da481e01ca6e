"""Percentiles, budgets, and what a missed figure means. Pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that at least `percent` of the samples do not exceed (the nearest-rank method).

    samples  in any order.
    percent  above 0, at most 100; 100 is the largest sample.
    Raises   ValueError without samples, or for a percentage that is none.
    """
    if not samples:
        raise ValueError("no samples, no percentile")
    if not 0 < percent <= 100:
        raise ValueError(f"a percentage is above 0 and at most 100, not {percent:g}")
    return sorted(samples)[math.ceil(len(samples) * percent / 100) - 1]


def median(samples: Sequence[float]) -> float:
    """The middle sample: one that was measured, never a mean of two."""
    return percentile(samples, 50)


def median_pair(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The pair with the median ratio: of two things that were measured in turn, because a machine that changes its
    speed does so to both of a pair, but not to both medians."""
    return sorted(pairs, key=lambda pair: pair[0] / pair[1])[(len(pairs) - 1) // 2]


class Bound(StrEnum):
    """What a budget's number is compared with; the value is how the table writes it."""

    AT_MOST = "<= {amount}"
    AT_LEAST = ">= {amount}"
    FLOOR_TIMES = "<= {amount} x floor"
    FLOOR_PLUS = "<= floor + {amount}"


@dataclass(frozen=True)
class Budget:
    """How much a figure may be: `amount` in the figure's unit, or times its floor."""

    bound: Bound
    amount: float

    def limit(self, floor: float | None) -> float:
        """The number that the figure is compared with; ValueError when the budget needs a floor and there is none."""
        if self.bound in (Bound.AT_MOST, Bound.AT_LEAST):
            return self.amount
        if floor is None:
            raise ValueError(f"the budget '{self}' needs a floor")
        return floor * self.amount if self.bound is Bound.FLOOR_TIMES else floor + self.amount

    def met_by(self, measured: float, floor: float | None) -> bool:
        """Whether a figure keeps the budget; a figure that is no number does not."""
        limit = self.limit(floor)
        return measured >= limit if self.bound is Bound.AT_LEAST else measured <= limit

    def __str__(self) -> str:
        return self.bound.value.format(amount=f"{self.amount:g}")


def at_most(amount: float) -> Budget:
    return Budget(Bound.AT_MOST, amount)


def at_least(amount: float) -> Budget:
    return Budget(Bound.AT_LEAST, amount)


def floor_times(factor: float) -> Budget:
    return Budget(Bound.FLOOR_TIMES, factor)


def floor_plus(amount: float) -> Budget:
    return Budget(Bound.FLOOR_PLUS, amount)


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    name      what was measured, and how it was summed up: "run-now p99".
    unit      of `measured`, `floor` and the budget: "ms".
    measured  NaN when it could not be measured; `note` then says why.
    floor     the same thing without linod, from the same run; None when the budget is a plain number.
    note      what a reader needs beside it: the number of samples, the size of the host.
    here      whether a machine like this one can have it; where it cannot, nothing is missed.
    """

    name: str
    unit: str
    measured: float
    budget: Budget
    floor: float | None = None
    note: str = ""
    here: bool = True

    @property
    def met(self) -> bool:
        return not self.here or self.budget.met_by(self.measured, self.floor)

    @property
    def against_floor(self) -> str:
        """The ratio to the floor, or the difference where the budget is one; "" without a floor."""
        if self.floor is None:
            return ""
        if self.budget.bound is Bound.FLOOR_PLUS:
            return f"{self.measured - self.floor:+.2f} {self.unit}"
        return f"{self.measured / self.floor:.2f} x" if self.floor else ""


class Unmeasured(Exception):
    """A figure could not be measured: linod did not start, did not answer, or did something else than asked."""


class Unavailable(Exception):
    """This machine has not what a figure is about."""


@dataclass(frozen=True)
class Settled:
    """A figure with its verdict: the last measurement, and the first one when it had to be repeated."""

    figure: Figure
    before: Figure | None = None

    @property
    def verdict(self) -> str:
        if not self.figure.here:
            return "not here"
        if self.before is None:
            return "ok"
        return "ok at the 2nd" if self.figure.met else "MISSED"


def settle(measure: Callable[[], Sequence[Figure]]) -> list[Settled]:
    """Measure, and measure again when a budget was missed: only what misses twice is missed.

    measure  called once or twice; answers the same names in the same order each time.
    Returns  the figures in that order. One that was met at first keeps its first measurement, whatever the second says.
    """
    first = measure()
    if all(figure.met for figure in first):
        return [Settled(figure) for figure in first]
    again = {figure.name: figure for figure in measure()}
    return [Settled(figure) if figure.met else Settled(again.get(figure.name, figure), figure) for figure in first]
