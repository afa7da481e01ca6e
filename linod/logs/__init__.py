"""The log of several processes: one file `lino.log` in the site's `log_dir`, written by the daemon alone.

    from linod.logs import connect
    connect(site="books")    # in a process of the site: what the logger `lino` is told goes to the daemon

`client` is for processes of the site; `datagrams`, `file`, `both` and `receiver` are the daemon's, which imports them
only when the site has a `log_dir`. Needs the standard library alone.
"""

from linod.logs.client import connect

__all__ = ["connect"]
