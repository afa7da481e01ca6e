"""The task runner: the loop, the database's share of each turn, the jobs that run, and stopping.

The names below are loaded when they are first asked for: `linod.foreground` needs only the database's share.
"""

from typing import TYPE_CHECKING

from linod.lazy import names_of

if TYPE_CHECKING:
    from linod.runner.book import Follower, Running
    from linod.runner.drain import Drain
    from linod.runner.prep import run_loops
    from linod.runner.runner import Requested, Runner
    from linod.runner.site import Absence, Site
    from linod.runner.supervisor import Supervisor

__all__ = ["Absence", "Drain", "Follower", "Requested", "Runner", "Running", "Site", "Supervisor", "run_loops"]

__getattr__ = names_of(
    __name__,
    {
        "Absence": "site",
        "Drain": "drain",
        "Follower": "book",
        "Requested": "runner",
        "Runner": "runner",
        "Running": "book",
        "Site": "site",
        "Supervisor": "supervisor",
        "run_loops": "prep",
    },
)
