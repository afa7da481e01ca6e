"""A daemon with its lock, a host that inherits it, and a job with a grandchild and an orphan in its session.

DAEMON DATABASE [obedient|nameless]: an obedient host ends with its daemon; a nameless one is not written down.
Prints the pids, and ends with its host when a line comes in.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

HOST = """
import json, os, signal, subprocess, sys
fd, mode = int(sys.argv[1]), sys.argv[2]
os.set_inheritable(fd, False)
job = subprocess.Popen([sys.executable, "-c", sys.argv[3]], stdout=subprocess.PIPE, start_new_session=True, text=True)
print(json.dumps({"host": os.getpid(), "job": job.pid, **json.loads(job.stdout.readline())}), flush=True)
if mode == "obedient":
    sys.stdin.read()
    os.killpg(job.pid, signal.SIGKILL)
    sys.exit()
signal.pause()
"""

JOB = """
import json, os, signal, subprocess, sys
idle = [sys.executable, "-c", "import signal; signal.pause()"]
grandchild = subprocess.Popen(idle)
# One whose parent has ended: only its session tells whose it is.
spawn = "import subprocess; print(subprocess.Popen(%r, stdout=subprocess.DEVNULL).pid)" % (idle,)
orphan = int(subprocess.run([sys.executable, "-c", spawn], stdout=subprocess.PIPE, text=True).stdout)
print(json.dumps({"grandchild": grandchild.pid, "orphan": orphan}), flush=True)
signal.pause()
"""

from linod.clock import SystemClock  # noqa: E402
from linod.lock import DatabaseLock  # noqa: E402

mode = sys.argv[2] if len(sys.argv) > 2 else "plain"
lock = DatabaseLock(Path(sys.argv[1]), "books")
lock.acquire(SystemClock())
host = subprocess.Popen(
    [sys.executable, "-c", HOST, str(lock.fd), mode, JOB],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    text=True,
    pass_fds=[lock.fd],
    start_new_session=True,
)
assert host.stdout is not None
pids = json.loads(host.stdout.readline())
if mode != "nameless":
    lock.name_host(host.pid)
print(json.dumps({"daemon": os.getpid(), **pids}), flush=True)
sys.stdin.readline()
os.killpg(pids["job"], signal.SIGKILL)
host.kill()
host.wait()
lock.release()
