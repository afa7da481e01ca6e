"""What must be true of the jobs and of the daemon, whatever the clock does."""

from collections import Counter

from tests.system.site import Site
from tests.vm.diary import Diary, Ran

CALENDAR = ("daily", "only_once")
"""The tasks with a slot at 04:00."""

SECONDS = {"often": 5, "minutely": 60, "hourly": 3600}
"""The intervals of the tasks that have one."""

SPARE = 2
"""Jobs of an interval that a change of the clock may add: the one that was missed, and the first of the new grid."""


def check_what_fell_due(site: Site, diary: Diary, pid: int) -> None:
    """What fell due in the time that passed at once runs once, and then all goes on."""
    diary.wait(lambda jobs: {one.task for one in jobs} >= {*CALENDAR}, "the jobs of 04:00")
    diary.wait(lambda jobs: [one.task for one in jobs].count("hourly") == 2, "the second job of the hourly task")
    diary.goes_on("often")

    jobs = diary.ran()
    assert sorted(one.task for one in jobs if one.task in CALENDAR) == sorted(CALENDAR)
    assert all("T04:00:00" in str(one.slot) for one in jobs if one.task in CALENDAR)
    assert [one.task for one in jobs].count("hourly") == 2
    check_each_slot_once(jobs)
    check_pace(jobs)
    check_daemon(site, pid)


def check_each_slot_once(jobs: list[Ran]) -> None:
    """No job ran twice, and no two for the same slot."""
    assert max(Counter(one.id for one in jobs).values()) == 1
    assert [pair for pair, times in Counter((one.task, one.slot) for one in jobs).items() if times > 1] == []


def check_pace(jobs: list[Ran], changes: int = 1) -> None:
    """Tasks with an interval ran as often as that many real seconds allow, however far the clock was set."""
    for task, seconds in SECONDS.items():
        moments = [one.awake for one in jobs if one.task == task]
        assert len(moments) <= (moments[-1] - moments[0]) / seconds + 1 + SPARE * changes, (task, moments)


def check_daemon(site: Site, pid: int) -> None:
    """It is the one that it was: it neither ended nor met its watchdog."""
    assert (site.pid, site.show("NRestarts"), site.show("ActiveState")) == (pid, "0", "active")
