"""Which days a calendar rule picks. Naive local dates only; no time of day, no zone."""

from collections.abc import Sequence
from datetime import date, timedelta
from math import gcd

from linod.tuples import NamedTuple

DAY = timedelta(days=1)
LAST_YEAR = 8999
"""No rule looks further; what it has not met by then, it never meets."""

LAST_EASTER = 4099
"""The last year that dateutil knows Easter of."""

_CYCLES = {"weekly": 1, "monthly": 4800, "yearly": 400}
"""Periods after which the Gregorian calendar repeats itself: its 400 years are whole weeks, and every week is alike."""


class DayRule(NamedTuple):
    """The days of one recurrence.

    unit       daily, weekly, monthly, yearly or easter.
    every      take each n-th day, week, month or year, counted from that of `base`.
    base       gives the phase, the weekday, the day of the month, the date in the year, the distance from Easter.
    weekdays   0 Monday .. 6 Sunday, sorted; empty: all. Without positions a day of the month or year that is none of
               them moves on to the next that is, as in Lino; a daily rule leaves it out.
    positions  which of the flagged days of the week, month or year (BYSETPOS of RFC 5545): 1 the first, -1 the last.
    """

    unit: str
    every: int
    base: date
    weekdays: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()

    def next(self, day: date) -> date | None:
        """The first day of the rule that is `day` or later; None when there is none."""
        if day.year > LAST_YEAR:
            return None
        if self.unit == "daily":
            return self._next_daily(day)
        if self.unit == "easter":
            return self._next_easter(day)
        index = self._index(day)
        if self.unit != "weekly":
            index -= 1  # a day that moved on to a flagged weekday may have left its month
        index += -index % self.every
        cycle = _CYCLES[self.unit]
        for _ in range(cycle // gcd(cycle, self.every) + 2):  # the first may be half over, or lie before `day`
            start, length = self._period(index)
            if start.year > LAST_YEAR:
                return None
            for offset in self._offsets(start, length):
                found = start + timedelta(days=offset)
                if found >= day:
                    return found
            index += self.every
        return None

    def _next_daily(self, day: date) -> date | None:
        day += timedelta(days=-(day - self.base).days % self.every)
        for _ in range(7):
            if not self.weekdays or day.weekday() in self.weekdays:
                return day
            day += timedelta(days=self.every)
        return None

    def _next_easter(self, day: date) -> date | None:
        distance = self.base - easter_of(self.base.year)
        year = day.year - 1  # a distance may lead over New Year, both ways
        year += -(year - self.base.year) % self.every
        while year <= LAST_EASTER:
            found = easter_of(year) + distance
            if found >= day:
                return found
            year += self.every
        return None

    def _index(self, day: date) -> int:
        """How many weeks, months or years the period of `day` lies after that of the base."""
        if self.unit == "weekly":
            return (_monday(day) - _monday(self.base)).days // 7
        if self.unit == "monthly":
            return (day.year - self.base.year) * 12 + day.month - self.base.month
        return day.year - self.base.year

    def _period(self, index: int) -> tuple[date, int]:
        """First day and length of a period."""
        if self.unit == "weekly":
            return _monday(self.base) + timedelta(days=7 * index), 7
        if self.unit == "monthly":
            years, month = divmod(self.base.month - 1 + index, 12)
            start = date(self.base.year + years, month + 1, 1)
            return start, month_length(start.year, start.month)
        start = date(self.base.year + index, 1, 1)
        return start, (start.replace(year=start.year + 1) - start).days

    def _offsets(self, start: date, length: int) -> Sequence[int]:
        """The days of one period, counted from its first, ascending."""
        if self.positions:
            return pick(start.weekday(), length, self.weekdays, self.positions)
        if self.unit == "weekly":
            return self.weekdays or (self.base.weekday(),)
        month = start.month if self.unit == "monthly" else self.base.month
        day = date(start.year, month, min(self.base.day, month_length(start.year, month)))
        while self.weekdays and day.weekday() not in self.weekdays:
            day += DAY
        return ((day - start).days,)


def pick(first_weekday: int, length: int, weekdays: Sequence[int], positions: Sequence[int]) -> list[int]:
    """The days at `positions` among the flagged days of a period, counted from its first day, ascending.

    first_weekday  of the period's first day, 0 for Monday.
    length         of the period, in days; at least 7.
    weekdays       the flagged ones; empty: all.
    """
    heads = sorted((weekday - first_weekday) % 7 for weekday in weekdays or range(7))
    total = sum((length - 1 - head) // 7 + 1 for head in heads)
    wanted = {position - 1 if position > 0 else total + position for position in positions}
    return [heads[k % len(heads)] + k // len(heads) * 7 for k in sorted(wanted) if 0 <= k < total]


def month_length(year: int, month: int) -> int:
    """Days of a month."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def easter_of(year: int) -> date:
    """Easter Sunday of a year up to LAST_EASTER."""
    from dateutil.easter import easter

    return easter(year)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
