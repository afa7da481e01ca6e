"""Rows that other software has written with SQL of its own."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.runner.crank import NOON, Crank


@pytest.mark.parametrize("column", ["next_due", "requested_at"])
def test_a_moment_without_microseconds_is_claimed(tmp_path: Path, column: str) -> None:
    async def check() -> None:
        async with Crank(tmp_path) as crank:
            await crank.tasks("a", "b")
            await crank.turn()
            with closing(sqlite3.connect(crank.file)) as db, db:
                db.execute(f"UPDATE linod_systemtask SET {column} = ? WHERE name = 'a'", (f"{NOON:%F %T}",))
            assert "a" in [*await crank.turn(), *await crank.turn()]
            assert (await crank.row("a")).job_id is not None

    asyncio.run(check())
