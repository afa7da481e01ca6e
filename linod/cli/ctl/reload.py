"""The command that has linod read its configuration anew."""

import typer

from linod.cli.ctl.session import session


def reload(ctx: typer.Context) -> None:
    """Read settings and plugins anew.

    New jobs use them as soon as they are loaded; those that run are not disturbed. When something is wrong with them,
    nothing is changed, and the exit code is 78.
    """
    to = session(ctx)
    reply = to.ask("Reload")
    if to.as_json:
        to.json(reply)
        return
    to.say(f"Reloaded: {', '.join(reply['plugins']) or 'no plugins'}; {reply['procedures']} procedures.")
    for text in reply["warnings"]:
        to.say(f"warning: {text}", "yellow")
