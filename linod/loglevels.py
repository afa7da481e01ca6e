"""The five logging levels of a task."""

import logging
from enum import Enum


class LogLevel(Enum):
    """A logging level; `value` is its number in Python's logging and its column "Numeric value"."""

    DEBUG = logging.DEBUG
    INFO = logging.INFO
    WARNING = logging.WARNING
    ERROR = logging.ERROR
    CRITICAL = logging.CRITICAL

    @property
    def text(self) -> str:
        """What people see: the name."""
        return self.name


LogLevels = tuple(LogLevel)
"""All levels, the most talkative first."""
