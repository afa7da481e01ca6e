"""What is said of a database that does not answer."""

import asyncio
from pathlib import Path

from linod.errors import DatabaseAway
from tests.runner.crank import Crank


def test_each_reason_is_said_once_until_it_answers(tmp_path: Path) -> None:
    async def check() -> None:
        async with Crank(tmp_path) as crank:
            away = crank.runner.database
            for _ in range(2):
                for why in ("it is locked", "another file", "it is locked"):
                    away.met(DatabaseAway(why))
                assert away.problem == "it is locked"
                await crank.turn()
                assert away.problem is None
            assert crank.logged() == ["it is locked", "another file", "The database answers again."] * 2

    asyncio.run(check())
