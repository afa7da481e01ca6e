"""Version 5: the language and the time zone of a site's users."""

from collections.abc import Iterator


def statements() -> Iterator[str]:
    yield 'ALTER TABLE "linod_user" ADD COLUMN "language" VARCHAR(35)'
    yield 'ALTER TABLE "linod_user" ADD COLUMN "time_zone" VARCHAR(64)'
