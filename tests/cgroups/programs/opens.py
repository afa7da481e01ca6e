"""A daemon that prepares the place of its groups while a host of it runs already; prints what came of it."""

import json
import subprocess
import sys
from pathlib import Path

from linod.cgroups.groups import Groups

host = subprocess.Popen(["sleep", "infinity"])
groups = Groups()
groups.begin()
groups.wait()
new = groups.new()
found = {
    "path": groups.path,
    "controllers": groups.controllers,
    "problem": groups.problem,
    "missing": groups.missing,
    "new": new and new.path,
    "daemon": Path("/proc/self/cgroup").read_text(),
    "host": Path(f"/proc/{host.pid}/cgroup").read_text(),
}
host.kill()
host.wait()
json.dump(found, sys.stdout)
