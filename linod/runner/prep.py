"""A counted number of loops, each run to its end: what `linod prep` does with the tasks of a new site."""

import asyncio
import logging

from linod.clock import Clock
from linod.runner.runner import Runner

log = logging.getLogger("lino")


async def run_loops(runner: Runner, clock: Clock, loops: int) -> None:
    """Run everything that is due, `loops` times over.

    One loop decides about one moment: it takes what is due then, waits for its jobs, and takes what is left for want
    of a job slot. What falls due meanwhile belongs to the next loop.
    """
    changed = asyncio.Event()
    runner.on_poke = changed.set
    for _ in range(loops):
        now = clock.now()
        while not runner.stopping:
            changed.clear()
            turn = await runner.run_pass(now)
            supervisor = runner.supervisor
            if not (turn.claimed or turn.more or supervisor.book.jobs):
                break
            if supervisor.book.jobs and not supervisor.unwritten_ends():
                await changed.wait()
    log.info("Stop after %d loops.", loops)
