"""The kind of task that makes invoices, and the procedure that it is for.

A plugin that defines a kind imports peewee at each start, 50 ms; so this one is not a part of `linod.demo`.
"""

from peewee import CharField, IntegerField

from linod import BaseRequest, dd
from linod.models import Runnable


class Task(Runnable):
    """Makes the invoices of one journal.

    journal          its ref, such as SLS.
    max_date_offset  what is dated so many days from today at the latest is invoiced: -1 is up to yesterday.
    today_offset     the invoices are dated so many days from today.
    """

    journal = CharField(20)
    max_date_offset = IntegerField(default=-1)
    today_offset = IntegerField(default=0)

    def run(self, ar: BaseRequest, lgr: object = None) -> None:
        """Invoice what there is. Called in the place of the procedure."""
        from linod.demo.checkers import euros
        from linod.demo.invoicing.invoices import make

        made = make(self.journal, self.max_date_offset, self.today_offset)
        for done, (name, partner, total) in enumerate(made, 1):
            ar.info("%s for %s: %s.", name, partner, euros(total))
            ar.progress(done, len(made))
        if not made:
            ar.info("Nothing to invoice.")


@dd.schedule_daily(class_name="invoicing.Task", run_after="read_inbox")
def run_invoicing_tasks(ar: BaseRequest) -> None:
    """Make invoices: `Task.run` does it, as each task has a journal of its own."""
