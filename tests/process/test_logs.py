"""One log of several processes: a real daemon, and real processes of its site that are connected to it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from grp import getgrgid
from pathlib import Path
from pwd import getpwuid

import pytest

from tests.journal.receiver import Receiver
from tests.process.site import DEADLINE, Site

PROGRAM = """
import logging, sys
from linod.logs import connect

connect(sys.argv[1])
log = logging.getLogger("lino")
print("connected", flush=True)
for line in sys.stdin:
    exec(line)
    print("done", flush=True)
"""
"""A process of the site that does what it is told, line by line."""


class Shop:
    """Such a process, under the name `shop`."""

    def __init__(self, site: Site, **environ: str) -> None:
        program = site.directory / "shop"
        program.write_text(PROGRAM)
        self.stderr = site.directory / f"shop.stderr.{time.monotonic_ns()}"
        with self.stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, str(program), str(site.write_settings())],
                env=site.environment(**environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        self._answer()

    def do(self, code: str) -> None:
        """Have it run a line, and wait until that is done."""
        assert self.process.stdin is not None
        self.process.stdin.write(code + "\n")
        self.process.stdin.flush()
        self._answer()

    def info(self, text: str) -> None:
        self.do(f"log.info({text!r})")

    def end(self) -> str:
        """Let it end. Returns what it printed to standard error."""
        self.process.communicate(timeout=DEADLINE)
        return self.stderr.read_text()

    def _answer(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline(), self.stderr.read_text()


@pytest.fixture
def site(site: Site) -> Site:
    site.settings["log_dir"] = "log"
    return site


@pytest.fixture
def shops() -> Iterator[list[Shop]]:
    """Those that a test has started; what is left of them is ended."""
    made: list[Shop] = []
    yield made
    for shop in made:
        shop.process.kill()
        shop.process.communicate()


def start_shop(shops: list[Shop], site: Site, **environ: str) -> Shop:
    shops.append(Shop(site, **environ))
    return shops[-1]


def text_of(site: Site, name: str = "lino.log") -> str:
    file = site.directory / "log" / name
    return file.read_text() if file.exists() else ""


def wait_for_line(site: Site, text: str) -> None:
    site.wait_until(lambda: f" : {text}\n" in text_of(site), f"line {text!r} in lino.log: {text_of(site)}")


def wait_for_socket(site: Site) -> None:
    site.wait_until((site.directory / "log" / "lino.log.sock").is_socket, "log socket")


def test_two_processes_one_file(site: Site, shops: list[Shop]) -> None:
    site.plugin("""
        @background_task(every_unit="never")
        def talk(ar):
            ar.info("from a job")
    """)
    site.start()
    shop = start_shop(shops, site)
    shop.info("from the shop")
    wait_for_line(site, "from the shop")
    site.run_now("talk")
    assert site.stop() == 0

    pid = site.process.pid if site.process else 0
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+0\d:00 "
    lines = text_of(site).splitlines()
    assert all(re.match(stamp + r"[A-Z]+ \[.*\] : ", line) for line in lines)
    texts = [line.split(" ", 2)[2] for line in lines]
    assert f"INFO [shop {shop.process.pid}] : from the shop" in texts
    assert f"INFO [linod {pid} job 1] : from a job" in texts
    assert texts[-1] == f"INFO [linod {pid}] : Done"
    assert [path.name for path in (site.directory / "log").iterdir()] == ["lino.log"]
    assert "from the shop" not in site.log()
    assert "from a job" in site.log()
    assert shop.end() == ""


def test_before_the_daemon_while_it_is_away_and_after(site: Site, shops: list[Shop]) -> None:
    shop = start_shop(shops, site)
    shop.info("too early")
    site.start()
    shop.info("at work")
    wait_for_line(site, "at work")
    site.signal(signal.SIGKILL)  # the socket's file stays
    site.wait_end()
    shop.info("while it is away")
    shop.info("and once more")
    site.forget_messages()  # the first READY
    site.start()
    shop.info("back")
    wait_for_line(site, "back")
    assert site.stop() == 0
    shop.do("log.warning('at the end')")

    lost, again, gone = [
        f"WARNING: {site.directory}/log/lino.log.sock: {why}; records go here until linod is back\n"
        for why in ("No such file or directory", "Connection refused", "No such file or directory")
    ]
    told = f"{lost}too early\n{again}while it is away\nand once more\n{gone}WARNING: at the end\n"
    assert shop.end() == told
    assert "too early" not in text_of(site) and "away" not in text_of(site)


def test_session_1_the_directory_is_removed(site: Site, shops: list[Shop]) -> None:
    site.start()
    shop = start_shop(shops, site)
    shop.info("before")
    wait_for_line(site, "before")
    shutil.rmtree(site.directory / "log")
    wait_for_socket(site)
    shop.info("after")
    wait_for_line(site, "after")
    shutil.rmtree(site.directory / "log")
    assert site.stop() == 0
    assert text_of(site).endswith(" : Done\n")
    assert "Error" not in site.log()


def test_logrotate_moves_the_file(site: Site, shops: list[Shop]) -> None:
    site.start()
    shop = start_shop(shops, site)
    shop.info("before")
    wait_for_line(site, "before")
    rotate(site)
    shop.info("after")
    wait_for_line(site, "after")
    assert site.stop() == 0
    assert " : before\n" in text_of(site, "lino.log.1") and " : before\n" not in text_of(site)
    assert site.log().count("Done") == 1


def rotate(site: Site) -> None:
    """Run logrotate with the stanza that the documentation shows, for this site's directory."""
    page = (Path(__file__).parents[2] / "docs" / "logs.md").read_text()
    shown = re.search(r"(?ms)^    /var/log/linod/\*/lino\.log \{\n(?:     .*\n)+    \}\n", page)
    assert shown
    who = f"su {getpwuid(os.getuid()).pw_name} {getgrgid(os.getgid()).gr_name}"
    stanza = shown[0].replace("/var/log/linod/*", str(site.directory / "log")).replace("su linod linod", who)
    conf = site.directory / "logrotate.conf"
    conf.write_text(stanza)
    conf.chmod(0o644)
    done = subprocess.run(
        ["/usr/sbin/logrotate", "--force", "--state", str(site.directory / "logrotate.state"), str(conf)],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_two_sites(site: Site, shops: list[Shop], tmp_path: Path) -> None:
    other = Site(tmp_path / "other")
    other.settings["log_dir"] = "log"
    try:
        for one in (site, other):
            one.start()
            start_shop(shops, one)
        for number, shop in enumerate(shops):
            shop.info(f"shop {number}")
        wait_for_line(site, "shop 0")
        wait_for_line(other, "shop 1")
        shops[0].do(f"connect({str(other.file)!r})")
        shops[0].info("moved")
        wait_for_line(other, "moved")
        assert other.stop() == 0
    finally:
        other.close()
    assert site.stop() == 0
    assert "moved" not in text_of(site) and "shop 0" not in text_of(other)


def test_two_sites_with_one_directory_are_refused(site: Site, tmp_path: Path) -> None:
    site.start()
    other = Site(tmp_path / "other")
    other.settings["log_dir"] = str(site.directory / "log")
    try:
        other.start(wait=False)
        assert other.wait_end() == 78
    finally:
        other.close()
    socket = site.directory / "log" / "lino.log.sock"
    assert f"{socket}: another process listens on this log socket; set log_dir to a directory of this" in other.log()
    assert site.stop() == 0


def test_a_directory_that_cannot_be_made_is_a_configuration_error(site: Site) -> None:
    (site.directory / "file").touch()
    site.settings["log_dir"] = "file/log"
    site.start(wait=False)
    assert site.wait_end() == 78
    assert f"{site.directory}/file/log: this user (uid {os.getuid()}) cannot write there: Not a directory" in site.log()


def test_levels_of_file_and_console(site: Site, shops: list[Shop]) -> None:
    site.environ |= {"LINO_FILE_LOGLEVEL": "Debug", "LINO_LOGLEVEL": "warning"}
    site.start()
    shop = start_shop(shops, site)
    shop.do("log.debug('for the file')")
    wait_for_line(site, "for the file")
    site.wait_until(lambda: "Let task runner sleep" in text_of(site), "debug line of the daemon")
    assert site.stop() == 0
    shop.info("for nobody, because it is away")
    assert "for nobody" not in shop.end()
    assert "Let task runner sleep" not in site.log() and "Let task runner sleep" in text_of(site)


def test_a_flood_of_a_stopped_daemon_holds_nobody_up(site: Site, shops: list[Shop]) -> None:
    site.start()
    shop = start_shop(shops, site)
    site.signal(signal.SIGSTOP)
    begun = time.monotonic()
    shop.do("for number in range(20_000): log.info('%d', number)")
    took = time.monotonic() - begun
    site.signal(signal.SIGCONT)
    overs = 0

    def is_taken() -> bool:
        """While the queue is full, this is lost as the others are, and counted."""
        nonlocal overs
        overs += 1
        shop.info("over")
        return " : over\n" in text_of(site)

    site.wait_until(is_taken, "end of the flood")
    assert took < DEADLINE
    assert site.stop() == 0
    kept = len(re.findall(r" : (?:\d+|over)$", text_of(site), re.MULTILINE))
    told = re.findall(r"WARNING \[shop \d+\] : (\d+) log records of this process were lost", text_of(site))
    assert told and sum(map(int, told)) + kept == 20_000 + overs
    assert shop.end() == ""


def test_a_burst_of_a_daemon_at_work_is_kept(site: Site, shops: list[Shop]) -> None:
    site.start()
    shop = start_shop(shops, site)
    shop.do("for number in range(2_000): log.info('%d', number)")
    wait_for_line(site, "1999")
    assert site.stop() == 0
    numbers = [int(match[1]) for match in re.finditer(r" : (\d+)\n", text_of(site))]
    assert numbers == list(range(2_000))


def test_garbage_does_not_end_the_daemon(site: Site, shops: list[Shop]) -> None:
    site.start()
    shop = start_shop(shops, site)
    path = str(site.directory / "log" / "lino.log.sock")
    shop.do("import socket, os; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)")
    shop.do(f"for _ in range(1000): s.sendto(os.urandom(999) + b'A', {path!r})")
    shop.info("after it")
    wait_for_line(site, "after it")
    assert site.stop() == 0
    assert f"The last: pid {shop.process.pid} of uid {os.getuid()} sent what is no log record: " in site.log()
    assert len(re.findall("The log socket could not take", site.log())) == 2  # the first at once, the rest at the end


def test_under_systemd_it_goes_to_the_journal(site: Site) -> None:
    code = "import logging; from linod.logs import connect; import sys; connect(sys.argv[1])\n"
    code += "logging.getLogger('lino').warning('to the journal')"
    with Receiver() as journald:
        journald.start([sys.executable, "-c", code, str(site.write_settings())], site.environment())
        record = journald.wait_for(lambda record: record["MESSAGE"] == "to the journal")
    assert (record["PRIORITY"], record["SYSLOG_IDENTIFIER"], record["LINOD_SITE"]) == (
        "4",
        "python",
        site.directory.name,
    )


def test_a_plugin_that_connects_does_not_log_twice(site: Site) -> None:
    site.plugin("""
        import linod.logs
        linod.logs.connect()

        @background_task(every_unit="never")
        def talk(ar):
            ar.info("from a job")
    """)
    site.environ |= {"LOGS_DIRECTORY": str(site.directory / "log")}
    site.start()
    site.run_now("talk")
    assert site.stop() == 0
    assert text_of(site).count("from a job") == 1


def test_a_reload_changes_the_level_and_refuses_another_directory(site: Site, shops: list[Shop]) -> None:
    site.start()
    site.settings["log_level"] = "DEBUG"
    site.write_settings()
    assert site.ctl("reload").returncode == 0
    shop = start_shop(shops, site)
    shop.do("log.debug('now it is heard')")
    wait_for_line(site, "now it is heard")
    site.settings["log_dir"] = "elsewhere"
    site.write_settings()
    done = site.ctl("reload")
    assert done.returncode == 78 and "log_dir has changed from" in done.stderr
    assert site.stop() == 0


def test_check_looks_at_the_directory(site: Site) -> None:
    directory = site.directory / "log"
    assert f"Log: {directory} does not exist yet; the first start makes it" in site.linod("check").stdout
    directory.mkdir()
    assert f"Log: {directory}/lino.log" in site.linod("check").stdout
    directory.rmdir()
    directory.touch()
    done = site.linod("check")
    assert done.returncode == 78
    assert f"log_dir: {directory} is no directory that this user (uid {os.getuid()}) may write to" in done.stdout
