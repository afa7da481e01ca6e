"""Plugins that work, plugins that do not, and what a plugin leaves open."""

import asyncio
import socket
import sys
from pathlib import Path

import pytest

from linod.host.entry_points import plugin_modules
from linod.host.protocol import PluginReport
from linod.jobs import State
from linod.settings import HostSettings
from tests.host.site import Site, make_site, playing

GOOD = """
    from linod import background_task

    @background_task()
    def works(ar):
        ar.info("works")
"""

HALF = """
    from linod import at_job_start, background_task

    @background_task()
    def half(ar):
        pass

    @at_job_start
    def hook():
        raise ValueError

"""


def report(site: Site, name: str) -> PluginReport:
    (found,) = [plugin for plugin in site.loaded.plugins if plugin.name == name]
    return found


async def still_works(site: Site) -> None:
    assert report(site, "good").ok
    assert [procedure.name for procedure in site.loaded.procedures] == ["works"]
    await still_runs(site)


async def still_runs(site: Site) -> None:
    assert (await site.run("works")).outcome.state is State.SUCCEEDED


def test_a_package_brings_its_models(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, shop__init="", shop__models=GOOD, plain__init="") as site:
            assert site.events.loading == ["shop", "plain"]
            assert [(procedure.name, procedure.plugin) for procedure in site.loaded.procedures] == [("works", "shop")]
            assert all(plugin.ok for plugin in site.loaded.plugins)
            assert report(site, "shop").file == f"{tmp_path}/shop/__init__.py"
            await still_runs(site)  # its process was forked when the host had settled
            assert (site.client.size_kib or 0) > 1000
            assert site.loaded.python == ".".join(map(str, sys.version_info[:3]))

    playing(play())


@pytest.mark.parametrize(
    ("end", "error"),
    [
        ("raise ValueError('no such account')", "ValueError: no such account"),
        ("import sys; sys.exit(3)", "called sys.exit(3) when imported"),
        ("import sys; sys.exit()", "called sys.exit() when imported"),
        ("raise Warning('odd')", "Warning: odd"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def broken(:", "SyntaxError: invalid syntax"),
    ],
)
def test_a_plugin_that_raises_is_left_out(tmp_path: Path, end: str, error: str) -> None:
    async def play() -> None:
        async with make_site(tmp_path, bad=HALF + "    " + end, good=GOOD) as site:
            bad = report(site, "bad")
            assert not bad.ok
            assert bad.error == f"{tmp_path}/bad.py:12: {error}"
            assert bad.file == f"{tmp_path}/bad.py"
            assert f'File "{tmp_path}/bad.py", line 12' in bad.traceback
            assert "linod/host" not in bad.traceback
            assert site.events.losses == []  # the host went on
            await still_works(site)

    playing(play())


def test_a_plugin_that_is_not_there(tmp_path: Path) -> None:
    async def play() -> None:
        site = make_site(tmp_path, good=GOOD)
        site.plugins = ["absent", "good"]
        async with site:
            assert report(site, "absent").error == "ModuleNotFoundError: No module named 'absent'"
            await still_works(site)

    playing(play())


def test_models_that_do_not_import(tmp_path: Path) -> None:
    """A missing module inside `models` is an error; only a package without `models` is none."""

    async def play() -> None:
        async with make_site(tmp_path, shop__init="", shop__models="import absent", good=GOOD) as site:
            assert report(site, "shop").error == (
                f"{tmp_path}/shop/models.py:1: ModuleNotFoundError: No module named 'absent'"
            )
            await still_works(site)

    playing(play())


@pytest.mark.parametrize(
    ("end", "error", "last_words"),
    [
        ("import ctypes; ctypes.string_at(0)", "was killed by signal SIGSEGV", "Segmentation fault"),
        ("import os; os._exit(0)", "ended with exit status 0", ""),
        ("import os; os.kill(os.getpid(), 9)", "was killed by signal SIGKILL", ""),
        ("import time; time.sleep(600)", "had to be killed after 1 seconds", 'bad.py", line 12'),
        ("import os; os.closerange(3, 100); import time; time.sleep(600)", "", ""),
    ],
)
def test_a_plugin_that_takes_the_host_down_is_left_out(tmp_path: Path, end: str, error: str, last_words: str) -> None:
    host = HostSettings(python=sys.executable, load_timeout=1.0)

    async def play() -> None:
        async with make_site(tmp_path, host=host, bad=HALF + "    " + end, good=GOOD) as site:
            bad = report(site, "bad")
            assert not bad.ok
            assert bad.error.startswith(f"the worker host {error}")
            assert last_words in bad.traceback
            assert len(site.spawned) == 2
            ((reason, fatal),) = site.events.losses
            assert reason.endswith("while it imported bad")
            assert fatal is None
            await still_works(site)

    playing(play())


def test_two_plugins_that_take_the_host_down(tmp_path: Path) -> None:
    async def play() -> None:
        die = "import os; os._exit(1)"
        async with make_site(tmp_path, one=die, good=GOOD, two=die) as site:
            assert [plugin.name for plugin in site.loaded.plugins if not plugin.ok] == ["one", "two"]
            await still_works(site)

    playing(play())


def test_what_a_plugin_prints_when_imported(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(
            tmp_path, good="print('hello'); import os; os.system('echo there >&2')\n" + GOOD.replace("\n    ", "\n")
        ) as site:
            await site.events.until(lambda: len(site.events.output) == 2)
            assert sorted(site.events.output) == ["hello", "there"]

    playing(play())


def test_findings(tmp_path: Path) -> None:
    open_things = """
        import _thread, socket, sqlite3, threading
        from linod import background_task

        server = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(server.getsockname())
        database = sqlite3.connect(FILE)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE voucher (id)")
        memory = sqlite3.connect(":memory:")
        memory.execute("CREATE TABLE voucher (id)")
        plain = open(FILE + ".txt", "w")
        threading.Thread(target=threading.Event().wait, name="poller", daemon=True).start()
    """
    file = str(tmp_path / "site.sqlite")

    async def play() -> None:
        async with make_site(
            tmp_path, tidy="import json", leaves=open_things.replace("FILE", repr(file)), good=GOOD
        ) as site:
            findings = site.loaded.findings
            assert {finding.plugin for finding in findings} == {"leaves"}
            texts = {kind: [f.text for f in findings if f.kind == kind] for kind in ("socket", "database", "thread")}
            assert len(texts["socket"]) == 2
            assert any("INET bound to 127.0.0.1:" in text for text in texts["socket"])
            assert any("INET connected to 127.0.0.1:" in text for text in texts["socket"])
            assert f"left a database file open: {file}" in texts["database"]
            assert texts["thread"] == ["started the thread 'poller'"]
            assert all("@at_job_start" in f.cure for f in findings if f.kind != "thread")
            await still_works(site)

    playing(play())


def test_half_a_site_sees_the_directories_of_its_settings_first(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path / "b", json__init="x = 1", good=GOOD + "    import this_one") as site:
            assert not report(site, "good").ok
        site = make_site(tmp_path / "a", this_one="", good="import this_one\n" + GOOD.replace("\n    ", "\n"))
        async with site:
            await still_works_with(site)

    async def still_works_with(site: Site) -> None:
        assert report(site, "this_one").file == f"{tmp_path}/a/this_one.py"

    playing(play())


def test_procedures_with_a_problem_are_listed_and_never_run(tmp_path: Path) -> None:
    async def play() -> None:
        problems = GOOD + "    @background_task()\n    def generates(ar):\n        yield\n"
        async with make_site(tmp_path, good=problems) as site:
            generates = next(p for p in site.loaded.procedures if p.name == "generates")
            assert generates.problem.startswith(f"{tmp_path}/good.py:")
            outcome = (await site.run("generates")).outcome
            assert outcome.state is State.FAILED
            assert outcome.message == f"LookupError: {generates.problem}"

    playing(play())


def test_entry_points(tmp_path: Path) -> None:
    def install(name: str, text: str) -> None:
        directory = tmp_path / f"{name}.dist-info"
        directory.mkdir()
        (directory / "entry_points.txt").write_text(text)

    install(
        "one",
        "[console_scripts]\nx = y:z\n\n[linod.plugins]\n# why\nshop = shop.tasks\nmail=mail:x [extra]\n[other]\na = b",
    )
    install("two", "[linod.plugins]\nshop = shop.tasks\n")
    install("three", "[gui_scripts]\na = linod.plugins\n")
    assert plugin_modules([str(tmp_path), str(tmp_path / "absent"), ""]) == ["mail", "shop.tasks"]


def test_a_plugin_of_an_entry_point_is_loaded_once(tmp_path: Path) -> None:
    info = tmp_path / "good.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[linod.plugins]\ngood = good\nextra = extra\n")
    (tmp_path / "extra.py").write_text("")

    async def play() -> None:
        site = make_site(tmp_path, good=GOOD)
        site.entry_points = True
        async with site:
            assert site.events.loading[0] == "good"
            assert site.events.loading.count("good") == 1
            assert "extra" in site.events.loading

    playing(play())


def test_a_socket_that_was_there_before_is_no_finding(tmp_path: Path) -> None:
    """The host's own: its socket to the daemon, its spare's channel."""

    async def play() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            async with make_site(tmp_path, good=GOOD) as site:
                assert site.loaded.findings == ()
                await asyncio.sleep(0)

    playing(play())


def test_load_timeout_is_for_each_plugin(tmp_path: Path) -> None:
    slow = "import time; time.sleep(0.7)"
    host = HostSettings()._replace(python=sys.executable, load_timeout=1.0)

    async def play() -> None:
        async with make_site(tmp_path, host=host, one=slow, two=slow, good=GOOD) as site:
            assert all(plugin.ok for plugin in site.loaded.plugins)

    playing(play())
