"""One task in this process, under the database lock, while no daemon serves the site: a debugger works there.

`linod run TASK` is the command, `SystemTask.run(ar)` with `ar = request(place)` the same from Python. The procedure
runs where it is called, not in a child: nothing limits it, and what it prints goes where this process prints. Its job
is a row of the ledger like any other.

Needs the standard library, peewee and dateutil only: it runs in the site's interpreter.
"""

from linod.foreground.place import Place
from linod.foreground.running import request, run_here, serving

__all__ = ["Place", "request", "run_here", "serving"]
