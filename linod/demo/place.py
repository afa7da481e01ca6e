"""Where the demo sites keep their data."""

import os
from pathlib import Path


def directory() -> Path:
    """$LINOD_DEMO_DIR, which `make demo` sets, else the site's state directory as systemd gives it to a service, which
    may write nowhere else, else linod-demo in the user's data directory."""
    given = os.environ.get("LINOD_DEMO_DIR") or os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else Path.home() / ".local" / "share" / "linod-demo"
