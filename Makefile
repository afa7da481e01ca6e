# linod from a clone, on Debian 12 and 13: nothing needs to be installed but python3 (3.11 or later), git and make.
# What is missing, the scripts in packaging/ install, saying so. All they build is below build/.

help:
	@echo 'make demo                   run the demo site in the foreground, until Ctrl-C'
	@echo 'make demo DEMO_SECONDS=20   the same, ending by itself after a short tour'
	@echo 'make test                   lint, types, and all tests with the oldest and newest dependencies'
	@echo 'make test-zones             check the slots of every time zone on every day of 1990-2037, a few minutes'
	@echo 'make bench                  measure what DESIGN budgets, a few minutes on an idle machine'
	@echo 'make clean                  remove build/ and the caches'
	@echo
	@echo 'PYTHON=python3.13 chooses an interpreter; without it, the newest one on the PATH is taken.'

demo:
	@packaging/demo

test:
	@packaging/test

test-zones:
	@packaging/env newest
	@build/env/newest/bin/python -m tests.zones

bench:
	@packaging/env newest debian12
	@build/env/newest/bin/python -m tests.bench --old-python build/env/debian12/bin/python

clean:
	rm -rf build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find linod tests -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help demo test test-zones bench clean
