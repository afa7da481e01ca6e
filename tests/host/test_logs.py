"""What a job logs and prints reaches the daemon: complete, at the task's level, bounded."""

import asyncio
import logging
import time
from pathlib import Path

from linod.host.kernel import resident_kib
from linod.host.protocol import JOB_BYTES, JOB_RECORDS, LINE_BYTES
from linod.jobs import State
from tests.host.site import make_site, playing

LOGS = """
    import ctypes, logging, os, subprocess, sys, warnings
    from linod import background_task

    logging.basicConfig(level=logging.ERROR)
    logging.getLogger("lino").setLevel(logging.CRITICAL)
    noisy = logging.getLogger("noisy")
    noisy.addHandler(logging.StreamHandler())
    early = sys.stdout

    @background_task()
    def levels(ar):
        ar.debug("debug %d", 1)
        ar.info("info")
        ar.warning("warning")
        ar.error("error")
        noisy.info("noisy")

    @background_task()
    def prints(ar):
        print("one", "two")
        ar.info("between")
        print("three\\nfour")
        print("no end", end="")

    @background_task()
    def prints_below(ar):
        os.write(1, b"by descriptor\\n")
        os.write(2, b"error \\xff by descriptor\\n")
        os.system("echo from a shell; echo complaint >&2; echo by name > /dev/stdout")
        subprocess.run(["echo", "from a subprocess"], stdout=sys.stdout)
        libc = ctypes.CDLL(None)
        libc.puts(b"from C")
        libc.fflush(None)
        early.write("by an old name\\n")

    @background_task()
    def complains(ar):
        print("to stderr", file=sys.stderr)
        warnings.warn("deprecated")

    @background_task()
    def traces(ar):
        try:
            1 / 0
        except ZeroDivisionError:
            ar.logger.exception("caught")

    @background_task()
    def bad_format(ar):
        ar.info("%d vouchers", "many")

    @background_task()
    def reads(ar):
        print(repr(sys.stdin.read()))

    @background_task()
    def one_line(ar):
        ar.info("last words")

    @background_task()
    def long_lines(ar):
        ar.info("x" * 1_000_000)
        print("y" * 1_000_000)
        os.write(1, b"z" * 1_000_000 + b"\\nafter\\n")

    @background_task()
    def many_records(ar):
        for number in range(1_000_000):
            ar.info("record")

    @background_task()
    def big_records(ar):
        for number in range(1000):
            ar.info("x" * 60_000)

    @background_task()
    def gigabyte(ar):
        piece = b"0123456789abcde\\n" * 65536
        for number in range(1024):
            os.write(1, piece)

    @background_task()
    def garbles(ar):
        nonsense = [b'{"r": [1, 2]}', b"[1]", b"\\xff", b'{"r": [NaN, 20, "a", "b"]}', b'{"end": {"state": "missed"}}']
        for fd in range(3, 40):
            try:
                os.write(fd, b"\\n".join(nonsense) + b"\\n")
            except OSError:
                pass
        ar.info("after")

    @background_task()
    def reuses(ar):
        os.closerange(3, 100)
        files = [open(ar.user["file"] + str(n), "w") for n in range(20)]
        ar.info("must not be in a file")
"""


def test_the_level_of_the_task_alone_decides(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, logs=LOGS) as site:
            assert (await site.run("levels", "DEBUG")).texts == ["debug 1", "info", "warning", "error", "noisy"]
            assert (await site.run("levels", "INFO")).texts == ["info", "warning", "error", "noisy"]
            assert (await site.run("levels", "ERROR")).texts == ["error"]
            seen = await site.run("prints_below", "WARNING")
            assert seen.texts == ["error \\xff by descriptor", "complaint"]
            assert (await site.run("prints", "WARNING")).texts == ["between"][:0]

    playing(play())


def test_printed_lines_are_records_in_order(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, logs=LOGS) as site:
            seen = await site.run("prints")
            assert seen.texts == ["one two", "between", "three", "four", "no end"]
            assert [record.name for record in seen.records] == ["stdout", "lino", "stdout", "stdout", "stdout"]
            assert all(abs(record.time - time.time()) < 60 for record in seen.records)

    playing(play())


def test_what_is_printed_below_python_is_logged_too(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, logs=LOGS) as site:
            records = (await site.run("prints_below")).records
            out = [record.text for record in records if record.name == "stdout"]
            err = [record.text for record in records if record.name == "stderr"]
            assert out == [
                "by descriptor",
                "from a shell",
                "by name",
                "from a subprocess",
                "from C",
                "by an old name",
            ]
            assert err == ["error \\xff by descriptor", "complaint"]
            assert {record.level for record in records if record.name == "stderr"} == {logging.WARNING}

    playing(play())


def test_standard_error_is_a_warning(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, logs=LOGS) as site:
            seen = await site.run("complains", "WARNING")
            assert seen.texts[0] == "to stderr"
            assert seen.texts[1].endswith("UserWarning: deprecated")

    playing(play())


def test_a_traceback_is_part_of_its_record(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, logs=LOGS) as site:
            (record,) = (await site.run("traces")).records
            assert record.text.startswith("caught\nTraceback")
            assert record.text.endswith("ZeroDivisionError: division by zero")
            (record,) = (await site.run("bad_format")).records
            assert record.text == "%d vouchers (arguments ('many',) do not fit: TypeError)"

    playing(play())


def test_a_plugin_keeps_its_own_files(tmp_path: Path) -> None:
    """Handlers on files stay, on the root too; no rehearsal of a spare is in them."""
    source = """
        import logging
        from linod import background_task
        logging.addLevelName(logging.INFO, "info")
        logging.getLogger().addHandler(logging.FileHandler({file!r}))

        @background_task()
        def works(ar):
            ar.info("works")
    """
    file = tmp_path / "site.log"

    async def play() -> None:
        async with make_site(tmp_path, logs=source.format(file=str(file))) as site:
            assert (await site.run("works")).texts == ["works"]
            assert (await site.run("works", "WARNING")).texts == []
        assert file.read_text() == "works\n"

    playing(play())


def test_there_is_nothing_to_read(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, logs=LOGS) as site:
            assert (await site.run("reads")).texts == ["''"]

    playing(play())


def test_the_last_line_of_a_short_job_is_never_lost(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, logs=LOGS) as site:
            for _ in range(100):
                assert (await site.run("one_line")).texts == ["last words"]

    playing(play())


def test_a_huge_line_is_cut(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, logs=LOGS) as site:
            texts = sorted((await site.run("long_lines")).texts)
            assert [text[0] for text in texts] == ["a", "x", "y", "z"]
            assert texts[0] == "after"
            assert {len(text.encode()) for text in texts[1:]} == {LINE_BYTES}

    playing(play())


def test_a_million_records_are_counted(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, logs=LOGS) as site:
            seen = await site.run("many_records")
            assert len(seen.records) == JOB_RECORDS + 1
            assert seen.dropped == 1_000_000 - JOB_RECORDS
            assert seen.texts[-1].startswith(f"{seen.dropped} further records were dropped")
            assert seen.outcome.state is State.SUCCEEDED

            seen = await site.run("big_records")
            assert sum(len(text) for text in seen.texts) <= JOB_BYTES + LINE_BYTES + 200
            assert seen.dropped == 1000 - (len(seen.records) - 1)

    playing(play())


def test_a_flood_delays_nobody(tmp_path: Path) -> None:
    """A job prints a gigabyte: others run meanwhile, the loop goes round, nothing grows."""

    async def play() -> None:
        async with make_site(tmp_path, logs=LOGS) as site:
            turns = [time.monotonic()]
            flood = site.begin("gigabyte")
            others = 0
            while not site.events.jobs[flood].ends:
                began = time.monotonic()
                assert (await site.run("one_line")).texts == ["last words"]
                turns.append(time.monotonic() - began)
                others += 1
                await asyncio.sleep(0)
            assert others > 5
            assert sorted(turns[1:])[others // 2] < 0.5
            seen = site.events.jobs[flood]
            assert seen.outcome.state is State.SUCCEEDED
            assert seen.dropped + len(seen.records) - 1 == 1024 * 65536

    playing(play())


def test_nonsense_on_the_stream_is_one_record_each(tmp_path: Path) -> None:
    async def play() -> None:
        async with make_site(tmp_path, logs=LOGS) as site:
            seen = await site.run("garbles")
            assert seen.outcome.state is State.SUCCEEDED
            assert len([text for text in seen.texts if text.startswith("Not understood")]) == 5
            assert "after" in seen.texts

    playing(play())


def test_records_never_end_in_a_file_of_the_procedure(tmp_path: Path) -> None:
    """A procedure closes all descriptors, and its own files get the stream's number."""
    file = tmp_path / "file"
    source = LOGS.replace('ar.user["file"]', repr(str(file)))

    async def play() -> None:
        async with make_site(tmp_path, logs=source) as site:
            assert (await site.run("reuses")).outcome.state is State.SUCCEEDED
        assert {path.read_text() for path in tmp_path.glob("file*")} == {""}

    playing(play())


def test_a_job_that_prints_a_gigabyte_costs_the_daemon_nothing_and_delays_nobody(tmp_path: Path) -> None:
    prints = """
        import os
        from linod import background_task

        @background_task()
        def a_gigabyte(ar):
            lines = (b"x" * 1023 + b"\\n") * 1024
            for _ in range(1024):
                rest = lines
                while rest:
                    rest = rest[os.write(1, rest):]

        @background_task()
        def short(ar):
            pass
    """

    async def play() -> None:
        async with make_site(tmp_path, prints=prints) as site:
            await site.run("short")
            before = resident_kib()
            job = site.begin("a_gigabyte")
            others = 0
            async with asyncio.timeout(300):
                while not site.events.jobs[job].ends:
                    assert (await site.run("short")).outcome.state is State.SUCCEEDED
                    others += 1
            seen = site.events.jobs[job]
            assert seen.outcome.state is State.SUCCEEDED
            assert others > 10
            kept = sum(record.name == "stdout" for record in seen.records)
            assert kept + seen.dropped == 1 << 20
            assert resident_kib() - before < 64 * 1024  # of which its records, that this test keeps, are 8 MiB

    asyncio.run(play())  # some seconds, but a minute on a machine that does much else
