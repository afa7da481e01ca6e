"""What the methods operate: everything the control socket needs of the rest of linod, in one Protocol.

For type checkers only: the methods import it under TYPE_CHECKING, because a Protocol takes 0.2-0.4 ms to make.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from linod.changes import Change
from linod.clock import Clock
from linod.control.report import Report
from linod.jobs import Attempt, Ending, Job
from linod.kinds import Kind
from linod.lists import Page, Place, Wanted
from linod.policies import Policy
from linod.procedures import Procedure
from linod.tasks import Task, TaskKey
from linod.users import User

T = TypeVar("T")

Event = Mapping[str, object]
"""Something about a running job, by its key "event":
claimed: job. record: job, time (seconds since 1970), level, text. progress: job, done, total. missed: count.
ended: job, state, message; for one job or request the last event, and sent after the ledger has it."""


class Database(Protocol):
    """The database thread."""

    async def run(self, func: Callable[..., T], *args: object) -> T:
        """Call `func` in the database thread."""


class Ledger(Protocol):
    """The store; each method is called in the database thread."""

    def transaction(self) -> AbstractContextManager[object]: ...
    def find(self, reference: str) -> list[Task]: ...
    def names(self, limit: int) -> list[str]: ...
    def task(self, key: TaskKey) -> Task | None: ...
    def list_tasks(self, limit: int, wanted: Wanted, after: Place | None) -> Page: ...
    def place_of(self, task: Task, wanted: Wanted) -> Place: ...
    def count_tasks(self) -> int: ...
    def procedures(self) -> list[tuple[str, str]]: ...
    def of_procedure(self, kind: str, procedure: str, limit: int) -> list[Task]: ...
    def count_of_procedure(self, kind: str, procedure: str) -> int: ...
    def known_kinds(self) -> list[Kind]: ...
    def parsed(self, kind: str, values: Mapping[str, object]) -> dict[str, object]: ...
    def summary(self, now: datetime) -> Mapping[str, object]: ...
    def job(self, job_id: int) -> Job | None: ...
    def jobs(
        self,
        *,
        key: TaskKey | None = None,
        states: Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before_id: int | None = None,
        limit: int,
    ) -> list[Job]: ...
    def last_job_id(self) -> int | None: ...
    def attempts(self, job: Job) -> Sequence[Attempt]: ...
    def lasted(self, key: TaskKey, before_id: int, limit: int) -> list[float]: ...
    def changes(
        self,
        *,
        key: TaskKey | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before_id: int | None = None,
        limit: int,
    ) -> list[Change]: ...
    def removed(self, name: str) -> TaskKey | None: ...
    def failed_tasks(self, limit: int) -> list[tuple[Task, Job]]: ...
    def count_failed(self) -> int: ...
    def due(self, now: datetime, limit: int) -> list[Task]: ...
    def unplanned(self, limit: int) -> list[Task]: ...
    def overdue(self, now: datetime, grace: timedelta, limit: int) -> list[Task]: ...
    def count_overdue(self, now: datetime, grace: timedelta) -> int: ...
    def cancel_request(self, key: TaskKey, now: datetime, by: str) -> Job | None: ...
    def set_columns(self, key: TaskKey, values: Mapping[str, object]) -> tuple[Task, Task]: ...
    def add(self, procedure: str, name: str, columns: Mapping[str, object], kind: str) -> Task: ...
    def remove(self, key: TaskKey) -> object: ...
    def move(self, key: TaskKey, by: int) -> tuple[int, Task]: ...
    def users(self) -> list[User]: ...
    def user(self, username: str) -> User | None: ...
    def add_user(self, username: str, columns: Mapping[str, object]) -> User: ...
    def set_user(self, user: User, columns: Mapping[str, object]) -> User: ...
    def duplicate(self, key: TaskKey, columns: Mapping[str, object]) -> Task: ...
    def change(
        self,
        now: datetime,
        uid: int,
        gid: int,
        user: str,
        action: str,
        kind: str | None,
        task_id: int | None,
        task_name: str | None,
        before: Mapping[str, object],
        after: Mapping[str, object],
    ) -> object: ...


class Requested(Protocol):
    """What a request came to: the job it became at once, if any; `new` is False when one waited already."""

    @property
    def task(self) -> Task: ...
    @property
    def job(self) -> Job | None: ...
    @property
    def new(self) -> bool: ...


class Running(Protocol):
    """A job that runs now, and what it has told so far: the pair done and total, and its last lines.

    task  as the claim read it.
    """

    @property
    def task(self) -> Task: ...
    @property
    def job(self) -> Job: ...
    @property
    def progress(self) -> tuple[int, int] | None: ...
    @property
    def log(self) -> str: ...


class Follower(Protocol):
    """Events from the moment the follower was made; they are kept in bounds when nobody takes them."""

    def events(self) -> AsyncIterator[Event]:
        """Each event as it comes."""

    def close(self) -> None:
        """Nobody listens any more."""


class Plugin(Protocol):
    """What became of a plugin when the host loaded it."""

    @property
    def name(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def error(self) -> str: ...
    @property
    def traceback(self) -> str: ...


class Finding(Protocol):
    """Something a plugin did at import that will bite."""

    @property
    def plugin(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def cure(self) -> str: ...


class Reloaded(Protocol):
    """What a reload has loaded."""

    @property
    def plugins(self) -> Sequence[Plugin]: ...
    @property
    def procedures(self) -> Sequence[Procedure]: ...
    @property
    def problems(self) -> Sequence[str]: ...
    @property
    def warnings(self) -> Sequence[str]: ...


class Operations(Protocol):
    """The running daemon, as the control socket sees it. All of it is called in the loop."""

    @property
    def clock(self) -> Clock: ...
    @property
    def zone(self) -> ZoneInfo: ...
    @property
    def db(self) -> Database: ...
    @property
    def store(self) -> Ledger: ...

    @property
    def defaults(self) -> Mapping[str, object]:
        """The policies of which the settings say a default: `[defaults]`."""

    @property
    def queues(self) -> Mapping[str, int]:
        """How many jobs of each queue run at once: `[queues]`."""

    @property
    def policy(self) -> Policy:
        """What fills a policy that a task leaves empty."""

    @property
    def daemon_user(self) -> str:
        """In whose name jobs run."""

    async def users_changed(self) -> None:
        """Give the users as they are now to the jobs that start from now on."""

    async def until_loaded(self) -> None:
        """Return when the plugins are loaded, and their tasks installed. Raises LinodError when linod stops before."""

    async def request(
        self, find: Callable[[], Task], by: str, log_level: str | None, also: Callable[[Task], None]
    ) -> Requested:
        """Ask for a task to run; durable when it returns.

        find    gives the task, or refuses by raising; called in the transaction, in the database thread.
        also    if the request is new, called in the same transaction, in the database thread.
        Raises  NoSuchTask, DatabaseAway.
        """

    async def reload(self) -> "Reloaded":
        """Read the settings and load the plugins anew. Raises LinodError; then nothing has changed."""

    def poke(self) -> None:
        """Rows have changed: look now."""

    def trim(self, key: TaskKey) -> None:
        """What is kept of a task's jobs has changed: remove now what need not be kept."""

    def kill(self, job_id: int, cause: str) -> Ending | None:
        """End a job as cancelled, `cause` saying by whom: SIGTERM, the grace, SIGKILL to all that it has started.

        Returns  None when it does not run, or is ending by itself; not new when it was told to end before.
        """

    def running(self) -> Sequence[Running]:
        """The jobs that run now."""

    def follow_job(self, job_id: int) -> Follower | None:
        """Follow a running job from now on; None when it does not run."""

    def follow_request(self, key: TaskKey, requested_at: datetime) -> Follower:
        """Follow what becomes of a request: its job, or its cancelling."""

    def follow_task(self, key: TaskKey | None) -> Follower:
        """Follow all jobs of a task, or of all tasks, until closed: `ended` is not the last event here."""

    def request_cancelled(self, job: Job) -> None:
        """A waiting request became this row of the ledger: tell who follows the request."""

    def procedures(self) -> Sequence[Procedure] | None:
        """What the host loaded, those that cannot run included; None while it has not loaded anything yet."""

    def kinds(self) -> Sequence[Kind] | None:
        """The kinds of task that plugins have brought, those that cannot be used included; None as `procedures`."""

    def report(self) -> Report:
        """How the daemon is."""

    def audit(self, text: str, fields: Mapping[str, str]) -> None:
        """One journal line for what an operator did."""
