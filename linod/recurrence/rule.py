"""The recurrence of one task: which moments are its slots."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from linod.recurrence.checks import INTERVALS, UNITS, WEEKDAYS, BadRecurrence, check, parse_positions, zone_named
from linod.recurrence.days import DAY, LAST_YEAR, DayRule
from linod.recurrence.stride import first_meeting
from linod.recurrence.walltime import MIDNIGHT, instant, local_date
from linod.tuples import NamedTuple

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from linod.tasks import Task

TICK = timedelta(microseconds=1)
HORIZON = datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
"""Nothing is planned from here on; it keeps all arithmetic inside what datetime can hold."""

WINDOWS = 1000
"""Daily windows to try for an interval that may step over them; then the row is called impossible."""

FAR = 7 * (WINDOWS + 1)
"""Days to look ahead for a window, at most."""

HOP = 14
"""Days over which a zone's offset is taken for constant when it is the same at both ends. The shortest time between two
changes that cancel each other out is a month of Ramadan."""

GOLDEN = (5**0.5 - 1) / 2

MARGIN = 3 * DAY
"""From the begin of a window to where a change of the clock does not touch it."""


class Recurrence(NamedTuple):
    """The schedule columns of a task, read and checked.

    weekdays  0 Monday .. 6 Sunday, sorted; empty when no day is flagged, which means all.
    anchor    moment of the first run, None before it.
    zone      the task's own zone, None: the site's.
    spent     max_events is used up.
    shift     how much later than the columns say each slot is: a part of `splay`.
    """

    unit: str
    every: int = 1
    weekdays: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    start_date: date | None = None
    start_time: time | None = None
    end_date: date | None = None
    end_time: time | None = None
    anchor: datetime | None = None
    zone: "ZoneInfo | None" = None
    spent: bool = False
    shift: timedelta = timedelta()

    @classmethod
    def of(cls, task: "Task") -> "Recurrence":
        """Read the schedule of a row.

        Raises  BadRecurrence, naming column and reason, when no moment can fulfil it.
        """
        if task.every_unit not in UNITS:
            raise BadRecurrence("every_unit", f"unknown unit {task.every_unit!r}; known are {', '.join(UNITS)}")
        unit = "weekly" if task.every_unit == "per_weekday" else task.every_unit
        weekdays = tuple(number for number, name in enumerate(WEEKDAYS) if getattr(task, name))
        positions = parse_positions(task.positions) if task.positions else ()
        zone = zone_named(task.time_zone) if task.time_zone else None
        if unit != "never":  # which runs on request only, whatever the other columns were left at
            check(task, unit, weekdays, positions)
        rule = cls(
            unit=unit,
            every=task.every,
            weekdays=weekdays,
            positions=positions,
            start_date=task.start_date,
            start_time=task.start_time,
            end_date=task.end_date,
            end_time=task.end_time,
            anchor=task.anchor or task.last_start_time,
            zone=zone,
            spent=task.max_events is not None and task.events >= task.max_events,
        )
        return rule._replace(shift=rule._spread(task, task.splay)) if task.splay else rule

    def _spread(self, task: "Task", splay: int) -> timedelta:
        """The part of `splay` by which the slots of a task are later. Ids that follow each other lie far apart, as the
        multiples of the golden ratio do; of an interval it is less than that, and it ends within the window."""
        from zlib import crc32

        room = timedelta(seconds=splay)
        if self.unit in INTERVALS:
            room = min(room, self.step)
        elif self.end_time is not None:
            room = min(room, self._width)
        part = (crc32(task.kind.encode()) / 2**32 + task.id * GOLDEN) % 1
        return timedelta(seconds=int(part * room.total_seconds()))

    def next_after(self, moment: datetime, zone: "ZoneInfo") -> datetime | None:
        """The first slot strictly later than `moment`, in UTC; None when there is none.

        moment  aware.
        zone    the site's; the task's own goes before it.
        Raises  BadRecurrence when the rule never meets its window, or broke its promise to be strictly later.
        """
        if self.unit == "never" or self.spent or moment >= HORIZON:
            return None
        slot = self._next(moment.astimezone(UTC), self.zone or zone)
        if slot is not None and slot <= moment:  # or the loop would claim it again at once, for ever
            raise BadRecurrence("every_unit", f"linod found {slot} as the slot after {moment}; please report this")
        return slot

    def first(self, now: datetime, zone: "ZoneInfo") -> datetime | None:
        """The first slot of a task that never ran: `now` itself when nothing in the row says to wait."""
        if self.waits:
            return self.next_after(now, zone)
        if self.unit == "never" or self.spent or now >= HORIZON:
            return None
        return self._as_soon_as_possible(now.astimezone(UTC), self.zone or zone)

    def anchored(self, first_run: datetime) -> "Recurrence":
        """The same, after its first run, which is not shifted when it is as soon as possible."""
        return self._replace(anchor=first_run - self.shift if self.waits else first_run)

    def may_start(self, moment: datetime, zone: "ZoneInfo") -> bool:
        """Whether the time of day lies in the window from start_time to end_time; always, without an end_time."""
        if self.end_time is None:
            return True
        zone = self.zone or zone
        today = local_date(moment, zone)
        return any(begin <= moment <= end for begin, end in (self._window(day, zone) for day in (today - DAY, today)))

    def count_slots(self, first: datetime, until: datetime, zone: "ZoneInfo") -> int:
        """How many slots an interval has from `first`, which is one of them, up to and without `until`.

        It costs what the days between cost, not what the slots would: 86,400 a day are counted as fast as two.
        """
        zone, last = self.zone or zone, until - TICK
        if not self.weekdays and self.end_time is None:
            if self.end_date is not None:
                last = min(last, instant(self.end_date + DAY, MIDNIGHT, zone) - TICK)
            return max(0, (last - first) // self.step + 1)
        total, low = 0, first
        for day in self._days(self._flagged_days(first, zone), local_date(first, zone) - DAY, zone):
            begin, end = self._window(day, zone)
            if begin > last:
                break
            slot, end = self._on_grid(first, max(low, begin)), min(end, last)
            total += max(0, (end - slot) // self.step + 1)
            low = max(low, end + TICK)  # a gap may join the end of one window and the begin of the next
        return total

    @property
    def waits(self) -> bool:
        """Whether the row says when the first run is; else it is as soon as possible."""
        return self.start_time is not None or self.unit in ("never", "once")

    def _next(self, moment: datetime, zone: "ZoneInfo") -> datetime | None:
        if self.anchor is None and not self.waits:
            first = self._as_soon_as_possible(moment, zone)
            if first is None or first > moment:
                return first
            return self.anchored(first)._next(moment, zone)
        if self.unit in INTERVALS:
            return self._next_of_grid(moment, zone)
        return self._next_by_calendar(moment, zone)

    def _next_by_calendar(self, moment: datetime, zone: "ZoneInfo") -> datetime | None:
        """Walk the days from the one before; a slot moved out of a gap may stand on the day after its own."""
        before = moment - self.shift
        rule, clock = self.day_rule(before, zone), self.time_of_day(zone)
        for day in self._days(rule, local_date(before, zone) - DAY, zone):
            slot = instant(day, clock, zone) + self.shift
            if self.shift and self.end_time is not None:
                slot = min(slot, self._window(day, zone)[1])
            if slot > moment:
                return slot
        return None

    def _next_of_grid(self, moment: datetime, zone: "ZoneInfo") -> datetime | None:
        """The grid is arithmetic on real seconds; days and windows only cut pieces out of it."""
        origin = self.origin(moment, zone) + self.shift
        low = moment + TICK
        if (self.anchor is None or self.start_date is not None) and not self._has_begun(zone):
            low = max(low, origin if self.start_time is not None else self._earliest(low, zone))
        if not self.weekdays and self.end_time is None:
            slot = self._on_grid(origin, low)
            return None if self.end_date and local_date(slot, zone) > self.end_date else slot
        rule, width = self._flagged_days(low, zone), self._width
        sparse = self.step > width
        day = self._first_day(rule, local_date(low, zone) - DAY, zone)
        last = None if day is None else day + WINDOWS * DAY * (7 // len(self.weekdays) if self.weekdays else 1)
        while day is not None and last is not None:
            ahead = self._days_stepped_over(day, origin, width, zone) if sparse else 0
            if not ahead:
                begin, end = self._window(day, zone)
                slot = self._on_grid(origin, max(low, begin))
                if slot <= end:
                    return slot
            if day > last:
                raise BadRecurrence("every", f"this interval steps over each of the next {WINDOWS} daily windows")
            day = self._first_day(rule, day + max(1, ahead) * DAY, zone)
        return None

    def _first_day(self, rule: DayRule, day: date, zone: "ZoneInfo") -> date | None:
        return next(self._days(rule, day, zone), None)

    def _days_stepped_over(self, day: date, origin: datetime, width: timedelta, zone: "ZoneInfo") -> int:
        """How many days from `day` on have a window, `width` long, in which the grid surely has no moment.

        By the zone's offset alone, and so no further than to the next change of it.
        """
        begin = datetime.combine(day, self.opening, UTC)
        offset, after = zone.utcoffset(begin - DAY), zone.utcoffset(begin + MARGIN)  # it reads wall times, no tzinfo
        if offset is None or after is None:
            return 0
        if offset != after:  # the window lies between where either of the two would have it
            return int((origin - begin + max(offset, after)) % self.step > width + abs(offset - after))
        wanted = self._days_to_meeting(day, origin - begin + offset, width)
        ahead, hop = 0, HOP
        while ahead < wanted and hop:
            hop = min(hop, wanted - ahead)
            if zone.utcoffset(begin + MARGIN + (ahead + hop) * DAY) == offset:
                ahead += hop
            else:
                hop //= 2
        return min(ahead + 1, wanted)

    def _days_to_meeting(self, day: date, phase: timedelta, width: timedelta) -> int:
        """Days from `day` to the next flagged one whose window the grid meets, if the clock never changes."""
        step, size, one = self.step // TICK, width // TICK, DAY // TICK
        if not self.weekdays:
            found = first_meeting(phase // TICK, one, step, size)
            return FAR if found is None else min(found, FAR)
        nearest = FAR
        for weekday in self.weekdays:
            first = (weekday - day.weekday()) % 7
            found = first_meeting(phase // TICK - first * one, 7 * one, step, size)
            if found is not None:
                nearest = min(nearest, first + 7 * found)
        return nearest

    def _on_grid(self, origin: datetime, low: datetime) -> datetime:
        return origin - (origin - low) // self.step * self.step

    def origin(self, moment: datetime, zone: "ZoneInfo") -> datetime:
        """Where the grid begins: start_date and start_time, else the first run, else start_time on the first day."""
        if self.start_date is not None and self.start_time is not None:
            return instant(self.start_date, self.start_time, zone)
        if self.anchor is not None:
            return self.anchor.astimezone(UTC)
        day = self._flagged_days(moment, zone).next(local_date(moment, zone))
        return instant(day or local_date(moment, zone), self.start_time or MIDNIGHT, zone)

    def _as_soon_as_possible(self, now: datetime, zone: "ZoneInfo") -> datetime | None:
        """The first moment, from now on, on a day and in a window that the row allows."""
        low = self._earliest(now, zone)
        rule = self.day_rule(low, zone) if self.positions or self.unit == "easter" else self._flagged_days(low, zone)
        for day in self._days(rule, local_date(low, zone), zone):
            begin, end = self._window(day, zone)
            if max(low, begin) <= end:
                return max(low, begin)
        return None

    def _earliest(self, moment: datetime, zone: "ZoneInfo") -> datetime:
        return moment if self.start_date is None else max(moment, instant(self.start_date, MIDNIGHT, zone))

    def _has_begun(self, zone: "ZoneInfo") -> bool:
        """Whether start_date was reached when the task first ran: a clock that is set back then makes it wait no more.

        A new task has the day on which it was installed there, as that clock showed it.
        """
        if self.anchor is None or self.start_date is None or self.unit == "once":
            return False
        return local_date(self.anchor, zone) >= self.start_date

    def _days(self, rule: DayRule, day: date, zone: "ZoneInfo") -> Iterator[date]:
        """The days of a rule from `day` on, none before start_date or after end_date."""
        start = self.start_date or day
        if start > day and self._has_begun(zone):
            start = day
        found = rule.next(start if self.unit == "once" else max(day, start))
        while found is not None and (self.end_date is None or found <= self.end_date):
            yield found
            found = None if self.unit == "once" else rule.next(found + DAY)

    def day_rule(self, moment: datetime, zone: "ZoneInfo") -> DayRule:
        """The days of a calendar rule. `moment` gives the phase when neither start_date nor a first run does."""
        base = self.start_date or local_date(self.anchor or moment, zone)
        if self.unit == "once":
            return DayRule("daily", 1, base, self.weekdays)
        if self.unit == "daily" and self.start_date is None and self.weekdays:
            # Each 14 days from a run that was asked for on another day would never meet the flagged one.
            base = DayRule("daily", 1, base, self.weekdays).next(base) or base
        return DayRule(self.unit, self.every, base, self.weekdays, self.positions)

    def _flagged_days(self, moment: datetime, zone: "ZoneInfo") -> DayRule:
        return DayRule("daily", 1, local_date(moment, zone), self.weekdays)

    def time_of_day(self, zone: "ZoneInfo") -> time:
        """When on its days a calendar rule has its slot."""
        if self.start_time is not None:
            return self.start_time
        if self.anchor is None:
            return MIDNIGHT
        clock = self.anchor.astimezone(zone).time()
        outside = self.end_time is not None and clock > self.end_time  # a first run on request may lie outside
        return MIDNIGHT if outside else clock

    def _window(self, day: date, zone: "ZoneInfo") -> tuple[datetime, datetime]:
        """First and last moment at which a job may start in the window that opens on `day`."""
        if self.end_time is None:
            return instant(day, MIDNIGHT, zone), instant(day + DAY, MIDNIGHT, zone) - TICK
        last = day + DAY if self.end_time < self.opening else day
        return instant(day, self.opening, zone), instant(last, self.end_time, zone)

    @property
    def step(self) -> timedelta:
        """The length of one interval of secondly, minutely and hourly."""
        return INTERVALS[self.unit] * self.every

    @property
    def opening(self) -> time:
        """When the daily window opens; without an end_time it is the whole day."""
        return MIDNIGHT if self.end_time is None else self.start_time or MIDNIGHT

    @property
    def _width(self) -> timedelta:
        """The length of the daily window on a day without a change of the clock."""
        if self.end_time is None:
            return DAY - TICK
        begin, end = (datetime.combine(date.min, clock) for clock in (self.opening, self.end_time))
        return end - begin if end >= begin else end - begin + DAY
