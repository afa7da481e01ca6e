"""The five logging levels of a task."""

from enum import Enum


class LogLevel(Enum):
    """A logging level; `value` is its number in Python's logging and its column "Numeric value".

    As numbers, because the settings need them before the worker host is started, and logging takes 10 ms to import.
    """

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50

    @property
    def text(self) -> str:
        """What people see: the name."""
        return self.name


LogLevels = tuple(LogLevel)
"""All levels, the most talkative first."""
