"""What a procedure gets as `ar`."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from linod.errors import LinodError


class BaseRequest:
    """The request in whose name a procedure runs; one for each job, so nothing that is set on it reaches another job.

    task    the row of the task, detached from the database; None outside of a job.
    job     the job: id, attempt, slot, ...; None outside of a job.
    user    the site's user in whose name the job runs, its `daemon_user`; None when the site has none.
    request_user
            the site's user who asked for the job; None when it fell due, or when they are no user of the site.
    logger  what this job logs through; the task's level decides what is kept.
    """

    def __init__(
        self,
        *,
        task: Any = None,
        job: Mapping[str, Any] | None = None,
        user: Any = None,
        request_user: Any = None,
        progress: Callable[[int, int], None] | None = None,
        logger: logging.Logger | None = None,
        run_task: Callable[[Any, logging.Logger | None], Any] | None = None,
    ) -> None:
        self.task = task
        self.job = job
        self.user = user
        self.request_user = request_user
        self.logger = logger or logging.getLogger("lino")
        self._progress = progress
        self._run_task = run_task

    def debug(self, message: object, *args: object) -> None:
        """Log a detail; `args` go into `message` as in the logging module."""
        self.logger.debug(message, *args, stacklevel=2)

    def info(self, message: object, *args: object) -> None:
        """Log what happened."""
        self.logger.info(message, *args, stacklevel=2)

    def warning(self, message: object, *args: object) -> None:
        """Log what a person should look at some day."""
        self.logger.warning(message, *args, stacklevel=2)

    def error(self, message: object, *args: object) -> None:
        """Log what a person must look at; raise to end the job as failed."""
        self.logger.error(message, *args, stacklevel=2)

    def progress(self, done: int, total: int) -> None:
        """Tell how far the job is.

        done    of `total`, both whole numbers, 0 <= done <= total.
        Raises  TypeError and ValueError for others: a wrong figure misleads the one who waits.
        """
        for number in (done, total):
            if not isinstance(number, int) or isinstance(number, bool):
                raise TypeError(f"progress takes whole numbers, not {number!r}")
        if not 0 <= done <= total:
            raise ValueError(f"progress({done}, {total}): done is from 0 to total")
        if self._progress is not None:
            self._progress(done, total)

    def run_task(self, task: Any, logger: logging.Logger | None = None) -> Any:
        """Run a task here and now, and wait for it: what `SystemTask.run(ar)` does.

        In a job its procedure is run in the job's process, as a part of the job: what it raises goes through. Elsewhere
        the request must be one of `linod.foreground`, which makes a job of its own.

        logger   what the procedure logs through; else the one of this request.
        Returns  the job.
        Raises   LinodError when this request can run nothing.
        """
        if self.job is not None:
            within = {"job": self.job, "user": self.user, "request_user": self.request_user, "progress": self._progress}
            task.procedure.run(BaseRequest(task=task, logger=logger or self.logger, **within))
            return self.job
        if self._run_task is None:
            raise LinodError(
                f"{task}: this request can run no task; take one of linod.foreground.request(), or task.run_now()"
            )
        return self._run_task(task, logger)
