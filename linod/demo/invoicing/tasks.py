"""The three invoicing tasks of Lino's page, as data of the demo: no procedure of another class gets a task by itself.

    python -m linod.demo.invoicing.tasks

puts them into the demo site, once: what somebody removed stays removed. So does `linod.demo.startup`.
"""

from datetime import time

from linod.clock import SystemClock
from linod.demo.invoicing.models import Task, run_invoicing_tasks
from linod.models import Installed

TASKS = (
    ("SRV", "Make Service reports (SRV)", time(5)),
    ("SLS", "Make Sales invoices (SLS)", time(5, 15)),
    ("SUB", "Make Subscription invoices (SUB)", time(5, 30)),
)
"""Journal, name, and when: with a time of the day they wait for it, and do not run as soon as they are there."""


def fill() -> int:
    """Add the tasks to the site whose database the models are bound to. Returns how many."""
    procedure, now = run_invoicing_tasks.__name__, SystemClock().now()
    with Task._meta.database.atomic("IMMEDIATE"):
        rows = Installed.select().where(Installed.kind == Task.kind, Installed.procedure == procedure)
        known = rows.exists()
        for journal, name, start_time in () if known else TASKS:
            Task.create(name=name, journal=journal, procedure=procedure, every_unit="daily", start_time=start_time)
        if not known:
            Installed.create(kind=Task.kind, procedure=procedure, installed_at=now)
    return 0 if known else len(TASKS)


def main() -> None:
    from linod.demo.session import open_site

    open_site("linod.demo")
    fill()
    print(f"The site has {Task.select().count()} invoicing tasks.")


if __name__ == "__main__":
    main()
