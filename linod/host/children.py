"""The children of one host as the daemon sees them: the spare, and those that have a job."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from linod.cgroups import Group
from linod.cgroups.groups import Groups
from linod.host.channel import Channel
from linod.host.packets import encode
from linod.host.protocol import Message, Order

if TYPE_CHECKING:
    from linod.host.outcomes import Exit
    from linod.host.running import RunningJob

SPARE_ATTEMPTS = 3
"""Spares that may end one after the other before they are given up: something a plugin registered breaks every
child. The next job asks for a child of its own, and its outcome says what is wrong."""

LAST_WORDS = 32 * 1024
"""Bytes that are read of what such a spare printed."""


class Child:
    """One process of the host, forked or about to be.

    order     what it was handed.
    unsent    of it, what the stream did not take yet.
    unfit     why it could not be handed that order, "" if it could.
    finished  the process is gone, and this is how; None while it is not known to be.
    lost      why nobody saw its end, "" if somebody did.
    group     its control group, which it makes itself; None when it gets none.
    """

    def __init__(self, number: int, channel: Channel, group: Group | None) -> None:
        self.number = number
        self.channel = channel
        self.group = group
        self.pid: int | None = None
        self.pid_started = 0
        self.order: Order | None = None
        self._prepared: Order | None = None
        self.unsent = b""
        self.unfit = ""
        self.job: RunningJob | None = None
        self.finished: Exit | None = None
        self.lost = ""

    def prepare(self, order: Order) -> None:
        """Have the order ready to be sent. Any thread may call it, once."""
        self._prepared = order
        try:
            self.unsent = _line(order)
        except (TypeError, ValueError) as error:  # no JSON; the child, which waits for a line, ends without one
            self.unfit = f"its order cannot be written: {error}"
            self.unsent = b"\n"

    def send(self) -> bool:
        """Write the order into the stream: from here on the procedure runs. Any thread may call it, once.

        Returns  False when the process is gone, and has not seen the order.
        """
        try:
            sent = self.channel.stream.send(self.unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            return False
        self.order, self.unsent = self._prepared, self.unsent[sent:]
        return True

    def hand_over(self, order: Order) -> bool:
        """`prepare` and `send`."""
        self.prepare(order)
        return self.send()


class Children:
    """Has one child wait for the next job, so that handing it over is one write.

    fork      asks the host for a child, and sends it the child's ends of the channel.
    groups    where each child gets a control group.
    reserved  children that somebody is about to hand an order to.
    """

    def __init__(self, fork: Callable[[Child], None], groups: Groups) -> None:
        self._fork = fork
        self._groups = groups
        self._alive: dict[int, Child] = {}
        self._spare: Child | None = None
        self._lost_spares = 0
        self._last = 0
        self.reserved = 0

    def keep_spare(self) -> None:
        """Have a child forked that waits, unless one does. Raises OSError (EMFILE)."""
        if self._spare is None and self._lost_spares < SPARE_ATTEMPTS:
            self._spare = self.new()

    def new(self) -> Child:
        """Have a child forked. Raises OSError when the daemon has no descriptors left for its channel."""
        self._last += 1
        child = Child(self._last, Channel.make(), self._groups.new())
        self._alive[child.number] = child
        self._fork(child)
        return child

    def reserve(self) -> Child | None:
        """The spare, if it waits already: it is the caller's, to be handed an order or given back."""
        if self._spare is None or self._spare.pid is None:
            return None
        child, self._spare = self._spare, None
        self.reserved += 1
        return child

    def give_back(self, child: Child) -> None:
        """There is no job for a reserved child after all."""
        self.reserved -= 1
        if self._spare is None and child.number in self._alive:
            self._spare = child
        else:
            child.channel.close()

    def drop_spare(self) -> None:
        """No job follows: the child that waits sees the end of its channel, and ends."""
        if self._spare is not None:
            self._spare.channel.close()
            self._spare = None

    def take(self) -> Child:
        """A child for a job: the spare, else a new one. Raises OSError."""
        child = self._spare or self.new()
        self._spare = None
        return child

    def used(self) -> None:
        """A job was handed over: spares are of use again."""
        self._lost_spares = 0

    # what the host says

    def forked(self, message: Message) -> None:
        child = self._alive.get(message["child"])
        if child is not None:
            child.pid, child.pid_started = message["pid"], message["started"]
            if child.job is not None:
                child.job.started()

    def unforked(self, message: Message) -> None:
        child = self._alive.pop(message["child"], None)
        if child is not None:
            from linod.host.outcomes import Exit

            child.lost, child.finished = f"no process could be started: {message['error']}", Exit()
            self._lost_spares = SPARE_ATTEMPTS  # the next job tries again, and reports it
            self._tell_end(child)

    def exited(self, message: Message) -> str:
        """Returns what a spare that nobody had told to end printed."""
        child = self._alive.pop(message["child"], None)
        if child is None:
            return ""
        from linod.host.outcomes import Exit  # by the first end of a child

        child.finished = Exit.of(message)
        if child is not self._spare:
            self._tell_end(child)
            return ""
        self._lost_spares += 1
        words = _last_words(child.channel)
        self._tell_end(child)
        return words

    def lost(self, reason: str) -> None:
        """The host is gone, and its children die with it."""
        for child in list(self._alive.values()):
            child.lost = reason
            if child.job is not None:
                child.job.lost(reason)
                continue
            if child is self._spare:
                child.channel.close()
            self._groups.give_up(child.group)
        self._alive.clear()
        self._spare = None

    def _tell_end(self, child: Child) -> None:
        if child.job is not None:
            child.job.exited()
        elif child is self._spare:
            self._spare = None
            child.channel.close()


def _last_words(channel: Channel) -> str:
    try:
        return os.read(channel.stderr, LAST_WORDS).decode("utf-8", "backslashreplace")
    except BlockingIOError:
        return ""


def _line(order: Order) -> bytes:
    line: dict[str, object] = {
        "job_id": order.job_id,
        "procedure": order.procedure,
        "log_level": order.log_level,
        "task": dict(order.task),
        "job": dict(order.job),
        "user": None if order.user is None else dict(order.user),
        "request_user": None if order.request_user is None else dict(order.request_user),
    }
    if order.limits:
        line["limits"] = dict(order.limits)
    return encode(line).encode() + b"\n"
