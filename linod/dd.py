"""The names that Lino's linod page imports from `dd`: `@dd.schedule_daily()`."""

from linod.procedures import background_task, schedule_daily, schedule_often

__all__ = ["background_task", "schedule_daily", "schedule_often"]
