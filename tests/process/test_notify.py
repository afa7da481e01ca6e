"""sd_notify, counted on a real socket."""

import os
import signal
import time

from tests.process.site import DEADLINE, Site

IDLE = """
@background_task(every_unit="never")
def idle(ar):
    pass

@background_task(every_unit="never")
def slow(ar):
    import select
    with open(OUT, "a") as out:
        out.write("started\\n")
    select.select([], [], [], 3)
"""


def test_ready_once_then_a_watchdog_at_once_and_one_in_each_turn(site: Site) -> None:
    site.plugin(IDLE)
    site.settings["background_sleep_time"] = 60
    site.start(WATCHDOG_USEC="900000")  # a third is 0.3 s, far below the sleep time
    site.wait_until(lambda: sum("WATCHDOG=1" in m for m in site.messages) >= 6, "six watchdog pings")
    site.stop()

    kinds = [line.split("=")[0] for message in site.read_messages() for line in message.splitlines()]
    assert kinds.count("READY") == 1
    ready = next(n for n, message in enumerate(site.messages) if "READY=1" in message)
    assert site.messages[ready + 1] == "WATCHDOG=1"
    assert not any("WATCHDOG" in message for message in site.messages[:ready])
    assert "STOPPING" in kinds


def test_no_turn_without_a_watchdog_ping(site: Site) -> None:
    site.plugin(IDLE)
    site.settings["background_sleep_time"] = 0.2
    site.start(WATCHDOG_USEC="30000000", LINO_LOGLEVEL="debug")
    site.wait_for_log("Let task runner sleep", times=5)
    site.stop()
    turns = site.log().count("Let task runner sleep for")
    pings = sum("WATCHDOG=1" in message for message in site.read_messages())
    assert pings >= turns >= 5


def test_status_tells_counts_and_draining_extends_the_timeout(site: Site) -> None:
    site.plugin(IDLE)
    site.start()
    assert any("STATUS=" in message and "2 tasks" in message for message in site.messages), site.messages
    assert site.ctl("run-now", "slow").returncode == 0
    site.wait_until(lambda: site.output() == ["started"], "the slow job")
    before = len(site.messages)
    assert site.stop() == 0
    late = [line for message in site.read_messages()[before:] for line in message.splitlines()]
    assert "STOPPING=1" in late
    assert any(line.startswith("EXTEND_TIMEOUT_USEC=") for line in late)
    assert site.log().splitlines()[-1] == "Done"


def test_status_follows_short_jobs_once_a_second_and_ends_with_the_truth(site: Site) -> None:
    site.plugin(IDLE)
    site.start()
    site.forget_messages()
    began = time.monotonic()
    for _ in range(20):
        assert site.run_now("idle")["outcome"] == "succeeded"
    site.ctl("disable", "slow")
    site.wait_until(lambda: any("1 disabled" in message for message in site.messages), "the status")
    told = [message for message in site.messages if message.startswith("STATUS=")]
    assert len(told) <= time.monotonic() - began + 2, told
    assert told[-1].startswith("STATUS=2 tasks, 0 running, 1 disabled")
    site.stop()


def test_without_notify_socket_nothing_happens(site: Site) -> None:
    site.plugin(IDLE)
    site.start(wait=False, NOTIFY_SOCKET="")
    site.wait_for_log("Start task runner using")
    site.wait_for_control()
    assert site.stop(signal.SIGTERM) == 0
    assert site.messages == []


def test_a_plugin_that_fails_is_named_in_status_and_the_others_work(site: Site) -> None:
    site.plugin("raise ImportError('no module for you')", name="broken_plugin")
    site.plugin(IDLE)
    site.start()
    assert site.run_now("idle")["outcome"] == "succeeded"
    assert "broken_plugin" in "".join(site.messages)
    done = site.ctl("status")
    assert "broken_plugin" in done.stdout and "no module for you" in done.stdout
    assert site.ctl("status", "--check").returncode == 1
    site.stop()
    assert "Traceback" in site.log() and "no module for you" in site.log()


def test_plugins_that_hang_crash_or_exit_at_import_are_left_out(site: Site) -> None:
    site.plugin("import select; select.select([], [], [], 600)", name="hanging_plugin")
    site.plugin("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", name="crashing_plugin")
    site.plugin("import sys; sys.exit(3)", name="leaving_plugin")
    site.plugin(IDLE)
    site.host["load_timeout"] = 1
    site.start()
    assert site.run_now("idle")["outcome"] == "succeeded"
    status = site.ctl("status").stdout
    for name in ("hanging_plugin", "crashing_plugin", "leaving_plugin"):
        assert name in status
    site.stop()


def test_while_the_host_loads_the_start_is_extended_and_status_is_answered(site: Site) -> None:
    site.plugin(
        """
        import os, select
        while not os.path.exists(OUT + ".go"):
            select.select([], [], [], 0.02)
        """
        + IDLE.replace("\n", "\n        "),
    )
    site.start(wait=False)
    site.wait_for_control()
    assert "loading" in site.ctl("status").stdout.lower()
    assert any("EXTEND_TIMEOUT_USEC" in message for message in site.read_messages())
    (site.directory / "out.go").touch()
    site.wait_for_message("READY=1")
    site.stop()


def test_sigterm_before_ready_ends_with_done(site: Site) -> None:
    site.plugin("import select; select.select([], [], [], 600)")
    site.start(wait=False)
    site.wait_for_control()
    assert site.stop() == 0
    assert site.lines()[-1] == "Done"
    assert not any("READY=1" in message for message in site.read_messages())


def test_a_missing_interpreter_is_a_configuration_error(site: Site) -> None:
    site.plugin(IDLE)
    site.host["python"] = "/nowhere/bin/python"
    site.start(wait=False)
    assert site.wait_end() == 78
    assert "/nowhere/bin/python" in site.log() and "host.python" in site.log()
    assert "Done" not in site.lines()


def test_a_silent_host_is_replaced_and_never_withholds_the_ping(site: Site) -> None:
    site.plugin(IDLE)
    site.host["silence_timeout"] = 1
    site.start(WATCHDOG_USEC="3000000")
    host = site.status()["host"]["pid"]
    before = sum("WATCHDOG=1" in message for message in site.messages)
    os.kill(host, signal.SIGSTOP)
    site.wait_until(lambda: site.status()["host"]["pid"] not in (None, host), "another host")
    assert site.run_now("idle")["outcome"] == "succeeded"
    assert sum("WATCHDOG=1" in message for message in site.read_messages()) > before
    site.stop()


def test_a_request_that_started_a_new_site_waits_for_its_first_tasks(site: Site) -> None:
    """systemd starts linod for a caller on its socket, and only then does the site get its rows."""
    site.plugin(
        "import os, select\nwhile not os.path.exists(OUT + '.go'): select.select([], [], [], 0.02)\n", name="slow"
    )
    site.plugin("@background_task(every_unit='never')\ndef works(ar): pass\n")
    site.start(wait=False)
    site.wait_for_control()
    asked = [site.start_ctl("run-now", word, "--wait") for word in ("works", "wroks")]
    with site.client() as client:
        assert client.call("GetStatus")["status"]["state"] == "loading"
    (site.directory / "out.go").touch()
    outputs = [process.communicate(timeout=DEADLINE) for process in asked]
    assert [process.returncode for process in asked] == [0, 4], outputs
    assert "did you mean 'works'?" in outputs[1][1]
    site.stop()
