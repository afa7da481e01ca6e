"""Waits to be ended."""

import signal

signal.pause()
