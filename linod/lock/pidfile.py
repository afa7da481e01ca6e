"""The pid file: says that the daemon lives, to whoever looks at its lock."""

import os
from pathlib import Path
from types import TracebackType

from linod.errors import Busy, ConfigurationError
from linod.lock.files import LockFile


class PidFile:
    """Holds the pid of this process, locked while the context lasts; removed at its end."""

    def __init__(self, path: Path) -> None:
        self._file = LockFile(path)

    def look(self) -> int | None:
        """The pid of the living daemon, 0 when it has not been written yet; None when there is none."""
        if not self._file.locked():
            return None
        text = self._file.read().strip()
        return int(text) if text.isascii() and text.isdecimal() else 0

    def acquire(self) -> None:
        """Take it.

        Raises  Busy when another process holds it, ConfigurationError when it cannot be written.
        """
        try:
            taken = self._file.take()
        except OSError as error:
            raise ConfigurationError(
                f"{self._file.path}: {error.strerror}; linod writes its pid there: remove the file, or give it and its "
                f"directory to the user that linod runs as (uid {os.geteuid()})"
            ) from error
        if not taken:
            raise Busy(
                f"another linod (pid {self._file.read().strip() or 'unknown'}) holds {self._file.path}, so it uses the "
                "same runtime directory; stop it, or give this site one of its own"
            )
        self._file.write(f"{os.getpid()}\n")

    def release(self) -> None:
        """Remove it."""
        self._file.remove()

    def __enter__(self) -> "PidFile":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()
