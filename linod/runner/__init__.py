"""The task runner: the loop, the database's share of each turn, the jobs that run, and stopping."""

from linod.runner.book import Follower, Running
from linod.runner.drain import Drain
from linod.runner.prep import run_loops
from linod.runner.runner import Requested, Runner
from linod.runner.site import Absence, Site
from linod.runner.supervisor import Supervisor

__all__ = ["Absence", "Drain", "Follower", "Requested", "Runner", "Running", "Site", "Supervisor", "run_loops"]
