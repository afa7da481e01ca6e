"""Each symptom on the page is something that linod prints: a site with many troubles is made, and asked."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.terminal import Terminal
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "troubleshooting.md"
BIN = Path(sys.executable).parent
DEADLINE = 60

VOUCHERS = """
    import time
    from linod import background_task, schedule_daily, schedule_often

    @background_task(every_unit="never")
    def import_all(ar):
        time.sleep(600)

    @schedule_daily()
    def explode(ar):
        raise ValueError("bad voucher 17")

    @schedule_often(every=1, start_time="00:00", end_time="23:59:59")
    def often(ar):
        pass

    @schedule_daily(log_levl="DEBUG")
    def misspelt(ar):
        pass
"""


class Troubled:
    """A site in a directory, and all that was printed in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.said = ""
        own = {"STATE_DIRECTORY": "state", "RUNTIME_DIRECTORY": "run", "LINOD_CONTROL": "run/control", "HOME": "."}
        self.environ = {key: str(directory / name) for key, name in own.items()}
        self.environ |= {"PATH": f"{BIN}:/usr/bin:/bin", "TZ": "UTC"}
        self.environ |= {key: os.environ[key] for key in ("LINOD_TEST_RUN",) if key in os.environ}

    def settings(self, name: str, text: str) -> str:
        (self.directory / name).write_text(text)
        return str(self.directory / name)

    def say(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.directory, env=self.environ, capture_output=True, text=True, timeout=DEADLINE
        )
        self.said += done.stdout + done.stderr
        return done.stdout + done.stderr

    def start(self, settings: str, until: str) -> Terminal:
        daemon = Terminal([BIN / "linod", "--settings", settings], self.environ)
        daemon.wait_for(until)
        return daemon

    def stop(self, daemon: Terminal) -> None:
        daemon.process.send_signal(signal.SIGTERM)
        try:
            assert daemon.wait_end() == 0, daemon.text
        finally:
            self.said += daemon.text
            daemon.close()


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """All that a site with many troubles prints."""
    site = Troubled(tmp_path_factory.mktemp("site"))
    (site.directory / "vouchers.py").write_text(textwrap.dedent(VOUCHERS))
    (site.directory / "letters.py").write_text("import a_library_that_is_not_there\n")
    site.say("linod", "--settings", site.settings("typo.toml", "plugin = []\n"))
    site.say("linod", "--settings", site.settings("python.toml", '[host]\npython = "/srv/site/env/bin/python"\n'))
    site.say("linod", "--site", "nowhere")
    site.say("linod-ctl", "status")

    host = f'[host]\npath = ["{site.directory}"]\n'
    head = "max_jobs = 1\nstop_timeout = 0\n"
    books = site.settings("books.toml", f'plugins = ["vouchers", "letters"]\n{head}{host}')
    daemon = site.start(books, "Disabled System task #2 (explode)")
    try:
        _ask(site, books)
    finally:
        site.stop(daemon)
    daemon = site.start(site.settings("books.toml", f"plugins = []\n{head}{host}"), "Start task runner")
    site.say("linod-ctl", "status")
    site.stop(daemon)
    yield site.said


def _ask(site: Troubled, settings: str) -> None:
    site.say("linod", "--settings", settings)
    site.say("linod-ctl", "status")
    site.say("linod-ctl", "run-now", "explode", "--wait")
    site.say("linod-ctl", "run-now", "nobody")
    site.say("linod-ctl", "run-now", "import_all")
    ends = time.monotonic() + DEADLINE
    while "Waiting for a free slot" not in site.say("linod-ctl", "list"):
        assert time.monotonic() < ends, site.said  # `often` is due each second, and the one slot is taken


def symptoms() -> list[str]:
    return [block.text for block in blocks(PAGE, "symptom")]


def is_said(symptom: str, said: str) -> bool:
    lines = [re.escape(line.strip()).replace(r"\.\.\.", ".*") for line in symptom.strip().splitlines()]
    return re.search(r"\s+".join(lines), said) is not None


@pytest.mark.parametrize("symptom", symptoms(), ids=lambda text: text.split("\n")[0][:60])
def test_linod_prints_it(symptom: str, said: str) -> None:
    assert is_said(symptom, said), f"not in what linod printed:\n{symptom}\n{said}"


def test_what_linod_does_not_print_is_noticed(said: str) -> None:
    assert len(symptoms()) >= 12
    assert not is_said("linod-ctl: error: linod is tired ...", said)
    assert not is_said("Plugin ... is left out: ...\n    See why: nobody", said)


def test_no_symptom_is_so_short_that_anything_fits() -> None:
    for symptom in symptoms():
        assert len(symptom.replace("...", "").strip()) > 12, symptom
