# linod from a clone, on Debian 12 and 13: nothing needs to be installed but python3 (3.11 or later), git and make.
# What is missing, the scripts in packaging/ install, saying so. All they build is below build/.

help:
	@echo 'make demo                   run the demo site in the foreground, until Ctrl-C'
	@echo 'make demo DEMO_SECONDS=20   the same, ending by itself after a short tour'
	@echo 'make test                   lint, types, and all tests with the oldest and newest dependencies; as root also containers'
	@echo 'make test-vm                what needs a clock and a kernel of its own, as root in an emulated machine; up to 10 minutes'
	@echo 'make test-zones             check the slots of every time zone on every day of 1990-2037, a few minutes'
	@echo 'make deb                    build the Debian package, on Debian 12 or 13; VERSION=0.1.0+local1 gives it another version'
	@echo 'make lint-deb               build it, and let lintian judge it'
	@echo 'make bench                  measure what DESIGN budgets, some twenty minutes on an idle machine'
	@echo 'make completion             write packaging/completion anew, after a change of commands or columns'
	@echo 'make docs                   the documentation as HTML, and the manual pages'
	@echo 'make clean                  remove build/ and the caches'
	@echo
	@echo 'PYTHON=python3.13 chooses an interpreter; without it, the newest one on the PATH is taken.'

demo:
	@packaging/demo

test:
	@packaging/test

test-vm:
	@packaging/env newest
	@build/env/newest/bin/python -m tests.vm

test-zones:
	@packaging/env newest
	@build/env/newest/bin/python -m tests.zones

deb:
	@packaging/deb

lint-deb:
	@packaging/lint-deb "$$(packaging/deb | tail -n 1)"

docs:
	@packaging/docs
	@packaging/man
	@echo 'build/docs/index.html, and the manual pages in build/man: man -l build/man/linod.8'

completion:
	@packaging/env newest
	@build/env/newest/bin/python packaging/completion.py

bench:
	@packaging/env newest debian12
	@build/env/newest/bin/python -m tests.bench --old-python build/env/debian12/bin/python

clean:
	rm -rf build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find linod tests -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help demo test test-vm test-zones deb lint-deb docs completion bench clean
