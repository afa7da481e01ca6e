"""The same request, each job in a control group of its own: it costs no more than without one."""

from collections.abc import Sequence

from linod.cgroups.groups import CHILD
from tests.bench.request import by_turns
from tests.bench.site import Bench, site
from tests.bench.verdict import Figure, Unavailable, Unmeasured
from tests.cgroups.entering import delegated, unified


def measure(bench: Bench) -> Sequence[Figure]:
    mount = unified()
    if mount is None:
        raise Unavailable("needs root, and a machine with a unified hierarchy of control groups")
    with delegated(mount) as group, site(bench, group=group) as place, place.running() as daemon:
        limits = daemon.client.call("GetStatus")["status"]["limits"]
        if not list(group.glob(f"{CHILD}*")):
            raise Unmeasured(f"jobs have no control groups: {limits['problem']}")
        with place.floor() as probe:
            return by_turns(bench.samples(200, 40), place, daemon, probe, "request to first line, control groups")
