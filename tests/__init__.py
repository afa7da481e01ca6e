"""The tests of linod; a package, so that `tests.bench` is one."""
