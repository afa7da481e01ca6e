"""The demo's procedures: what a plugin author writes.

linod imports this module at its start, so it imports little; what a procedure needs, it imports when it runs.
"""

from linod import BaseRequest, dd


@dd.schedule_often(every=300)
def event_notification_scheduler(ar: BaseRequest) -> None:
    """Write messages about the calendar entries that begin within the hour."""
    from linod.demo.calendar import notify

    ar.info("Wrote %d messages about what begins soon.", notify())


@dd.schedule_daily(during_initdb=False)
def generate_calendar_entries(ar: BaseRequest) -> None:
    """Fill the calendar of the next days from the recurrences."""
    from linod.demo.calendar import AHEAD_DAYS, generate

    ar.info("Calendar of the next %d days: %d entries made, %d taken away.", AHEAD_DAYS, *generate())


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


@dd.background_task(every_unit="weekly", every=1, saturday=True, start_time="04:00")
def send_weekly_report(ar: BaseRequest) -> None:
    """Mail the hours of the last seven days to the bookkeeper."""
    from linod.demo.reports import hours, send_week

    ar.info("Reported %s hours of work.", hours(send_week()))


@dd.schedule_daily()
def delete_older_changes(ar: BaseRequest) -> None:
    """Delete what stands in the change log for longer than anybody asks for it."""
    from linod.demo.changes import KEEP_DAYS, prune

    ar.info("Deleted %d changes that were older than %d days.", prune(), KEEP_DAYS)


@dd.schedule_often(every=10, during_initdb=False)
def send_pending_emails_often(ar: BaseRequest) -> None:
    """Mail new messages to those who want each at once, and deliver the outbox.

    By SMTP to $LINOD_DEMO_SMTP when that is set, else into a Maildir.
    """
    from linod.demo.mail import send_pending
    from linod.demo.messages import mail_each

    mail_each()
    send_pending(ar)


@dd.schedule_daily(during_initdb=False)
def send_pending_emails_daily(ar: BaseRequest) -> None:
    """Write a digest of their new messages to those who want one mail a day; send_pending_emails_often delivers it."""
    from linod.demo.messages import mail_digests

    ar.info("Wrote %d digests.", mail_digests())


@dd.schedule_daily()
def clear_seen_messages(ar: BaseRequest) -> None:
    """Delete the messages that were read long ago."""
    from linod.demo.messages import KEEP_SEEN_DAYS, clear_seen

    ar.info("Deleted %d messages that were read more than %d days ago.", clear_seen(), KEEP_SEEN_DAYS)


@dd.schedule_often(every=300)
def read_inbox(ar: BaseRequest) -> None:
    """File the letters that came in, by IMAP from $LINOD_DEMO_IMAP when that is set, else from a Maildir."""
    from linod.demo.inbox import read

    for letter in read():
        if letter.partner is None:
            ar.warning("A letter from %s, who is no partner: %s", letter.sender, letter.subject)
        else:
            ar.info("A letter from %s: %s", letter.partner.name, letter.subject)
