"""For all tests."""

import signal

from hypothesis import settings

# The same examples in each run: what fails is what was changed. `--hypothesis-profile=default` draws others.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

# A shell that starts the suite in the background has it ignore Ctrl-C (POSIX, "Signals and Error Handling" of the
# shell), and every process that a test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
