"""The defects of linod's predecessor, by number, and the tests that answer each: a table that names only tests there
are. The same numbers stand in those tests' names and docstrings where one test is about one defect.
"""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

ANSWERS: Mapping[int, tuple[str, tuple[str, ...]]] = {
    1: (
        "never, and once, run as soon as they are there",
        (
            "unit/test_recurrence.py::test_never_does_not_start_because_it_never_ran__defect_1",
            "unit/test_recurrence.py::test_once_starts_at_its_moment_and_not_before_or_after__defect_1",
        ),
    ),
    2: (
        "cancel_run does not cancel, and forgets the last run",
        (
            "store/test_claim.py::test_a_request_cancelled_between_reading_and_claiming_runs_nothing",
            "runner/test_pass.py::test_a_cancelled_request_leaves_the_schedule_as_it_was",
            "control/test_running.py::test_cancel_run_cancels_and_leaves_the_schedule",
        ),
    ),
    3: (
        "whole rows are saved after a run: edits and requests made meanwhile vanish",
        (
            "store/test_models.py::test_saving_writes_only_changed_columns",
            "store/test_claim.py::test_a_request_between_reading_and_claiming_a_slot_is_not_swallowed",
            "store/test_ends.py::test_an_edit_during_the_job_survives_its_end",
        ),
    ),
    4: (
        "one task at a time: a slow or hung one blocks all",
        ("process/test_running.py::test_a_hung_task_delays_nothing_else",),
    ),
    5: (
        "no readiness, no watchdog, no lock, no claim",
        (
            "process/test_notify.py::test_ready_once_then_a_watchdog_at_once_and_one_in_each_turn",
            "process/test_crash.py::test_a_second_daemon_refuses_to_start_and_names_the_holder",
        ),
    ),
    6: (
        "one bad row or a locked database kills the daemon",
        (
            "runner/test_pass.py::test_an_impossible_row_is_said_once_and_stops_nothing",
            "unit/test_recurrence_refused.py::test_an_impossible_row_is_refused_with_column_and_reason",
            "store/test_away.py::test_a_lock_of_another_process_is_waited_for_then_told_and_got_over",
        ),
    ),
    7: (
        "start_time, dates and counts are ignored",
        (
            "unit/test_recurrence.py::test_weekly_saturday_at_four_is_in_five_days_at_four__defect_7",
            "unit/test_recurrence.py::test_start_and_end_date_and_max_events_count__defect_7",
        ),
    ),
    8: (
        "of several weekdays only one is run",
        ("unit/test_recurrence.py::test_every_flagged_weekday_is_a_slot_also_in_every_second_week__defect_8",),
    ),
    9: (
        "a position without a weekday gives the next day",
        ("unit/test_recurrence.py::test_days_of_a_month_come_with_their_time__defects_9_and_10",),
    ),
    10: (
        "a position gives a date without a time, and a crash",
        ("unit/test_recurrence.py::test_days_of_a_month_come_with_their_time__defects_9_and_10",),
    ),
    11: (
        "an interval with weekdays resumes at the time it stopped",
        ("unit/test_recurrence.py::test_an_interval_resumes_at_midnight_of_a_flagged_day__defect_11",),
    ),
    12: (
        "intervals and months drift",
        (
            "unit/test_recurrence.py::test_an_interval_is_a_grid_whatever_the_jobs_take__defect_12",
            "unit/test_recurrence.py::test_months_clip_without_drifting__defect_12",
        ),
    ),
    13: (
        "an hour is doubled or skipped when summer time begins or ends",
        ("unit/test_recurrence.py::test_a_daily_time_comes_once_on_each_day__defect_13",),
    ),
    14: (
        "a clock that is set delays or kills",
        (
            "runner/test_clockset.py::test_set_back_nothing_is_silent_until_the_old_time_comes_again",
            "process/test_clock_set.py::test_",
            "vm/test_clock.py::test_set_forward",
        ),
    ),
    15: (
        "all rows are read in each loop",
        (
            "store/test_reading.py::test_each_read_of_a_pass_is_a_read_of_an_index",
            "control/test_running.py::test_a_request_is_answered_with_the_job_it_became",
        ),
    ),
    16: (
        "the first exception disables, and nobody is told how to go on; linod keeps the rule, and tells",
        (
            "process/test_outcomes.py::test_a_failure_disables_with_one_error_record_naming_both_commands",
            "control/test_looking.py::test_status_names_tasks_disabled_by_their_failure",
        ),
    ),
    17: (
        "message keeps a traceback of any size, unescaped, without levels",
        (
            "process/test_running.py::test_message_keeps_the_last_lines_with_time_and_level",
            "host/test_outcomes.py::test_a_long_message_is_cut",
        ),
    ),
    18: (
        "no history: neither duration nor outcome nor who asked",
        (
            "control/test_ctl.py::test_jobs",
            "process/test_users.py::test_jobs_know_in_whose_name_they_run_and_who_asked",
        ),
    ),
    19: (
        "what one task leaves on the request reaches the next",
        ("host/test_outcomes.py::test_every_job_has_a_process_of_its_own",),
    ),
    20: (
        "nothing can be operated from a shell",
        ("control/test_ctl.py::test_list_shows_the_page_s_table", "control/test_ctl.py::test_enable_and_disable"),
    ),
    21: (
        "SIGTERM neither waits for the task nor tells it",
        (
            "process/test_stop.py::test_sigterm_lets_a_running_job_finish",
            "process/test_stop.py::test_past_stop_timeout_a_job_ends_as_interrupted",
        ),
    ),
    22: (
        "the exit status tells nothing",
        (
            "unit/test_cli_linod.py::test_the_exit_code_is_that_of_the_daemon",
            "unit/test_cli_linod.py::test_an_error_of_the_daemon_is_one_line_and_its_own_exit_code",
        ),
    ),
    23: (
        "the order over kinds of task is by chance",
        (
            "store/test_kinds.py::test_what_is_due_comes_by_slot_over_all_kinds",
            "store/test_kinds.py::test_requests_come_by_their_moment_over_all_kinds",
        ),
    ),
    24: (
        "deleted rows come back; rows without a procedure are run",
        (
            "store/test_edits.py::test_a_row_that_an_operator_deleted_stays_deleted",
            "process/test_running.py::test_a_removed_task_stays_removed_and_a_gone_procedure_never_runs",
        ),
    ),
    25: (
        "93-277 MB, and seconds to start: `make bench` measures both",
        ("unit/test_cli_linod.py::test_a_plain_start_costs_no_typer", "test_layers.py::test_"),
    ),
    26: ("the test of the runner is skipped", ("test_defects.py::test_no_test_is_skipped",)),
    27: (
        "the documentation tells of what is not there",
        ("test_class_reference.py::test_", "docs/test_linod.py::test_"),
    ),
}
"""Number -> the defect, and its tests; "test_" stands for all tests of a file."""


@pytest.mark.parametrize("number", range(1, 28))
def test_each_defect_has_its_test(number: int) -> None:
    for reference in ANSWERS[number][1]:
        file, _, name = reference.partition("::")
        assert [found for found in names_in(file) if found.startswith(name)], reference


def test_no_test_is_skipped() -> None:
    """Defect 26. What only root can do is left out for others; `make test` of an automatic check is run as root."""
    marked = [
        file for file in TESTS.rglob("test_*.py") if "mark.skip(" in file.read_text() and file.name != "test_defects.py"
    ]
    assert marked == []


@cache
def names_in(file: str) -> tuple[str, ...]:
    """The names of a file's tests."""
    tree = ast.parse((TESTS / file).read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return tuple(node.name for node in functions if node.name.startswith("test_"))
