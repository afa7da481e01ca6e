"""What a job ends as when the kernel has killed a process of it for want of memory."""

import signal

from linod.host.intake import Report
from linod.host.outcomes import Exit, Told, outcome_of, usage_of
from linod.jobs import Outcome, State, Usage

MIB = 1 << 20
KILLED = Exit(None, signal.SIGKILL, Usage(memory_peak=64 * MIB), oom_kills=3)


def report(state: State, *, signalled: bool = False) -> Report:
    return Report({"state": state.value, "message": "said", "traceback": "where", "signalled": signalled})


def outcome(exit: Exit, said: Report | None = None, told: Told | None = None, memory_max: int = 0) -> Outcome:
    return outcome_of(exit, said, told, "", memory_max)


def test_with_a_memory_max_that_is_what_it_ends_as_whatever_it_said() -> None:
    expected = (State.OUT_OF_MEMORY, "used 64 MiB, its memory_max")
    for said in (None, report(State.SUCCEEDED), report(State.FAILED)):
        found = outcome(KILLED, said, memory_max=64 * MIB)
        assert (found.state, found.message) == expected
        assert found.traceback == ("where" if said else "")
        assert found.usage.memory_peak == 64 * MIB


def test_without_one_the_machine_had_no_more() -> None:
    text = "was killed by the kernel {}the machine, or MemoryMax= of the unit, has no more"
    found = outcome(KILLED)
    assert (found.state, found.message) == (State.OUT_OF_MEMORY, text.format("when it had 64 MiB: "))
    found = outcome(KILLED._replace(usage=Usage()), report(State.FAILED))
    assert (found.state, found.message) == (State.OUT_OF_MEMORY, text.format("because "))


def test_without_one_a_procedure_may_do_without_what_was_killed() -> None:
    found = outcome(Exit(0, None, oom_kills=1), report(State.SUCCEEDED))
    assert (found.state, found.message) == (State.SUCCEEDED, "said")


def test_who_was_told_to_end_before_ends_so() -> None:
    found = outcome(KILLED, told=Told(State.TIMED_OUT, "its timeout"), memory_max=64 * MIB)
    assert found.state is State.TIMED_OUT


def test_a_kill_by_somebody_else_is_a_failure() -> None:
    found = outcome(KILLED._replace(oom_kills=0), memory_max=64 * MIB)
    assert (found.state, found.message) == (State.FAILED, "killed by signal SIGKILL")


def test_what_nobody_has_counted_is_none() -> None:
    assert usage_of({}) == Usage()
    found = usage_of({"cpu_seconds": 1, "memory_peak": 5, "processes": 2, "oom_kills": 0})
    assert found == Usage(1.0, 5, None, None, 2)


def test_a_host_that_tells_nothing_of_it_is_an_older_one() -> None:
    assert Exit.of({"code": 0, "signal": None})[:4] == (0, None, Usage(), 0)
