"""The demo's procedures: what a plugin author writes.

linod imports this module at its start, so it imports little; what a procedure needs, it imports when it runs.
"""

from linod import BaseRequest, dd


@dd.schedule_daily()
def checksummaries(ar: BaseRequest) -> None:
    """Rebuild the totals of every journal and month."""
    from linod.demo.summaries import rebuild

    changed = rebuild(ar.progress)
    ar.info("Rebuilt the totals of all journals, %d of them changed.", changed)


@dd.schedule_daily(during_initdb=False, run_after="checksummaries")
def checkdata(ar: BaseRequest) -> None:
    """Run all data checkers, and name the vouchers that are wrong."""
    from linod.demo.checkers import check_data

    found = check_data(ar)
    if found:  # a warning: linod shows the text, and runs the task again tomorrow
        raise Warning(f"{found} data problems")


@dd.schedule_daily()
def delete_older_changes(ar: BaseRequest) -> None:
    """Delete what stands in the change log for longer than anybody asks for it."""
    from linod.demo.changes import KEEP_DAYS, prune

    ar.info("Deleted %d changes that were older than %d days.", prune(), KEEP_DAYS)


@dd.schedule_often(every=10, during_initdb=False)
def send_pending_emails_often(ar: BaseRequest) -> None:
    """Deliver the outbox, by SMTP to $LINOD_DEMO_SMTP when that is set, else into a Maildir."""
    from linod.demo.mail import send_pending

    send_pending(ar)
