"""One control group for each job, below the one that systemd has delegated to the unit (cgroups(7)).

    .../linod.service/daemon     the daemon and its worker host
    .../linod.service/child-17   one child of the host with all that it starts, whatever becomes of its parents

A group limits what a job takes, counts it, and ends the whole of it. The daemon prepares the place for groups
(`Groups`); the host and its children, in the site's interpreter, use them (`Group`).
"""

from linod.cgroups.group import Group, Watch

__all__ = ["Group", "Watch"]
