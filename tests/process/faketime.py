"""A wall clock for one process and its children, which a test sets while they run: libfaketime, of Debian's package."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path


def library() -> Path:
    """Where the package libfaketime has put it."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


class WallClock:
    """The machine's, but for what it is set by. The monotonic clocks stay as they are."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set_by(timedelta())

    def environment(self) -> Mapping[str, str]:
        """For the process. It reads the file at each look at the clock."""
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set_by(self, step: timedelta) -> None:
        """Set it to so much after the machine's, or before."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{step.total_seconds():+.3f}\n")
        new.replace(self._file)  # at once: it is never half written
