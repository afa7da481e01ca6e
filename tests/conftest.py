"""For all tests."""

import signal

# A shell that starts the suite in the background has it ignore Ctrl-C (POSIX, "Signals and Error Handling" of the
# shell), and every process that a test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
