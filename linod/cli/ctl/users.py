"""The commands about the users of a site."""

from typing import Any

import typer

from linod.cli.ctl.change import columns_of
from linod.cli.ctl.session import session
from linod.cli.ctl.terminal import terminal_width
from linod.tables.layout import USERS, cells, headers
from linod.tables.render import table

USER_VALUES = typer.Argument(None, metavar="COLUMN=VALUE...", help="Such as language=de time_zone=Europe/Brussels.")


def users(ctx: typer.Context) -> None:
    """List the users of the site."""
    to = session(ctx)
    reply = to.ask("ListUsers")
    if to.as_json:
        to.json(reply)
    else:
        to.say(table(headers(USERS), [cells(USERS, user) for user in reply["users"]], terminal_width()))


def add_user(
    ctx: typer.Context,
    username: str = typer.Argument(..., metavar="NAME", help="That of the operating system, for one who asks."),
    language: str = typer.Option("", metavar="LANGUAGE", help="Such as de or pt-br.", show_default=False),
    time_zone: str = typer.Option(
        "", metavar="ZONE", help="Such as Europe/Brussels; else that of the site.", show_default=False
    ),
) -> None:
    """Add a user of the site."""
    to = session(ctx)
    reply = to.act("AddUser", username=username, language=language or None, time_zone=time_zone or None)
    if to.as_json:
        to.json(reply)
    else:
        to.say(f"Added user {reply['user']['username']}: {_told(reply['user'], ('language', 'time_zone'))}.")


def set_user(
    ctx: typer.Context,
    user: str = typer.Argument(..., metavar="NAME", help="One that `linod-ctl users` lists."),
    user_values: list[str] = USER_VALUES,
) -> None:
    """Set the language or the time zone of a user.

    Jobs that start from then on have them.
    """
    to = session(ctx)
    reply = to.act("SetUser", username=user, columns=columns_of(user_values, needed=True))
    if to.as_json:
        to.json(reply)
    elif reply["changed"]:
        to.say(f"Changed user {user}: {_told(reply['user'], reply['changed'])}.")
    else:
        to.say(f"User {user} is that way already.")


def _told(user: dict[str, Any], names: Any) -> str:
    return ", ".join(f"{name}={'' if user[name] is None else user[name]}" for name in names)
