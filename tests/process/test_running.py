"""Which tasks run, in which order, how many at a time; requests, their cancelling, and edits during a job."""

from tests.process.site import Site

PLUGIN = """
import os, select

def note(ar, what):
    with open(OUT, "a") as out:
        out.write(f"{what} {ar.task.name}\\n")

def until(name):
    while not os.path.exists(OUT + "." + name):
        select.select([], [], [], 0.02)

@background_task(every_unit="never")
def hung(ar):
    note(ar, "begins")
    until("go")

@background_task(every_unit="never")
def first(ar):
    note(ar, "runs")

@background_task(every_unit="never")
def second(ar):
    note(ar, "runs")

@schedule_often(every=1)
def often(ar):
    with open(OUT + ".often", "a") as out:
        out.write("x")

@background_task(every_unit="never")
def talks(ar):
    ar.debug("a debug line")
    ar.info("an info line")
    ar.warning("a warning line")
    ar.progress(1, 2)
"""


def often(site: Site) -> int:
    path = site.directory / "out.often"
    return len(path.read_text()) if path.exists() else 0


def test_a_hung_task_delays_nothing_else(site: Site) -> None:
    site.plugin(PLUGIN)
    site.start()
    with site.client() as client:
        client.call("RunNow", task="hung")
    site.wait_until(site.output, "the hung task")
    before = often(site)
    site.wait_until(lambda: often(site) >= before + 2, "two more runs of the other task")
    (site.directory / "out.go").touch()
    site.stop()


def test_never_two_of_one_task_and_requests_run_in_their_order(site: Site) -> None:
    site.settings["max_jobs"] = 1
    site.plugin(PLUGIN)
    site.start()
    assert site.ctl("disable", "often").returncode == 0
    with site.client() as client:
        client.call("RunNow", task="hung")
        site.wait_until(lambda: "begins hung" in site.output(), "the hung task")
        again = client.call("RunNow", task="hung")
        assert again["job"] is None and again["new"]
        assert not client.call("RunNow", task="hung")["new"]  # one request waits already
        client.call("RunNow", task="second")
        client.call("RunNow", task="first")
    assert site.task("hung")["status"].startswith("Running since ")
    (site.directory / "out.go").touch()
    site.wait_until(lambda: len(site.output()) == 4, "all requests")
    # The oldest request is for the task that runs; another may take the job slot while its last process exits.
    begun = site.output()
    assert begun[0] == "begins hung" and "begins hung" in begun[1:3]
    assert begun.index("runs second") < begun.index("runs first")
    site.wait_until(lambda: site.status()["running"] == [], "the last end")
    site.stop()


def test_cancel_run_really_cancels_and_restores_the_schedule(site: Site) -> None:
    """Defect 2 of the original: a cancelled request ran all the same, and the last run's times were lost."""
    site.settings["max_jobs"] = 1
    site.plugin(PLUGIN)
    site.start()
    assert site.ctl("disable", "often").returncode == 0
    site.run_now("first")
    with site.client() as client:
        client.call("RunNow", task="hung")
        site.wait_until(lambda: "begins hung" in site.output(), "the hung task")
        before = site.task("first")
        client.call("RunNow", task="first")
        assert site.task("first")["status"].startswith("Requested to run asap")
    done = site.ctl("cancel-run", "first")
    assert done.returncode == 0, done.stderr
    after = site.task("first")
    ignored = {"status"}
    assert {k: v for k, v in after.items() if k not in ignored} == {k: v for k, v in before.items() if k not in ignored}
    (site.directory / "out.go").touch()
    site.wait_until(lambda: site.status()["running"] == [], "the end of the hung task")
    assert site.run_now("second")["outcome"] == "succeeded"
    assert site.output().count("runs first") == 1
    assert [job["outcome"] for job in site.jobs("first")] == ["cancelled", "succeeded"]
    assert site.ctl("cancel-run", "first").returncode == 1  # nothing to cancel
    site.stop()


def test_an_edit_during_a_job_survives_its_end(site: Site) -> None:
    """Defect 3 of the original: the whole row was saved after the run."""
    site.plugin(PLUGIN)
    site.start()
    with site.client() as client:
        client.call("RunNow", task="hung")
    site.wait_until(site.output, "the hung task")
    done = site.ctl("set", "hung", "log_level=ERROR", "every_unit=daily", "start_time=04:00", "name=renamed")
    assert done.returncode == 0, done.stderr
    assert site.ctl("disable", "renamed").returncode == 0
    (site.directory / "out.go").touch()
    site.wait_until(lambda: site.jobs("renamed")[0]["outcome"], "the end of the job")
    task = site.task("renamed")
    assert (task["log_level"], task["every_unit"], task["disabled"]) == ("ERROR", "daily", True)
    assert site.ctl("enable", "renamed").returncode == 0
    site.wait_until(lambda: site.task("renamed")["next_due"], "its plan")
    assert "04:00" in site.task("renamed")["status"]
    site.stop()


def test_the_level_of_the_task_decides_and_a_run_can_have_its_own(site: Site) -> None:
    site.plugin(PLUGIN)
    site.start()
    site.ctl("disable", "often")
    site.run_now("talks")
    log = site.wait_for_log("Successfully terminated System task")
    assert "an info line" in log and "a debug line" not in log and "WARNING: a warning line" in log

    mark = len(site.log())
    site.run_now("talks", log_level="DEBUG")
    site.wait_until(lambda: "Successfully terminated" in site.log()[mark:], "the end line")
    assert "a debug line" in site.log()[mark:] and "Start System task" in site.log()[mark:]

    site.ctl("set", "talks", "log_level=WARNING")
    mark = len(site.log())
    site.run_now("talks")
    site.stop()
    said = [line for line in site.log()[mark:].splitlines() if "linod-ctl" not in line]
    assert "WARNING: a warning line" in said
    assert not any("info line" in line or "terminated" in line or "Start System" in line for line in said)


def test_a_10_second_task_at_warning_leaves_no_line(site: Site) -> None:
    site.plugin(PLUGIN)
    site.start()
    site.wait_until(lambda: often(site) >= 3, "three runs")
    assert site.task("often")["log_level"] == "WARNING"
    site.stop()
    meanwhile = site.log().split("Start task runner using", 1)[1].split("Stopping: ")[0]
    after_start = meanwhile.splitlines()[1:]
    assert [line for line in after_start if "often" in line or "terminated" in line] == []


def test_message_keeps_the_last_lines_with_time_and_level(site: Site) -> None:
    site.plugin(PLUGIN)
    site.start()
    site.run_now("talks")
    message = site.task("talks")["message"]
    assert [line.split(" ", 1)[1] for line in message.splitlines()] == ["INFO an info line", "WARNING a warning line"]
    site.stop()


def test_a_removed_task_stays_removed_and_a_gone_procedure_never_runs(site: Site) -> None:
    site.plugin(PLUGIN)
    site.start()
    assert site.ctl("remove", "first").returncode == 0
    site.stop()
    site.plugins.clear()
    site.plugin(PLUGIN.replace("def second", "def another"))
    site.forget_messages()
    site.start()
    names = {task["name"] for task in site.json("list")["tasks"]}
    assert "first" not in names and {"second", "another"} <= names
    assert site.task("second")["problem"] == "its procedure is gone"
    refused = site.ctl("run-now", "second")
    assert refused.returncode == 1 and "procedure" in refused.stderr
    site.stop()
