"""Version 6: policies of a task as columns, NULL for the site's default; what a job used."""

from collections.abc import Iterator

POLICIES = {
    **dict.fromkeys(("overlap", "on_failure", "on_crash"), "VARCHAR(10)"),
    **dict.fromkeys(("retries", "retry_pause", "timeout", "priority", "splay"), "INTEGER"),
    "queue": "VARCHAR(100)",
    "memory_max": "INTEGER",
    **dict.fromkeys(("cpu_weight", "pids_max", "keep_days", "keep_jobs"), "INTEGER"),
}

USED = {
    "cpu_seconds": "REAL",
    **dict.fromkeys(("memory_peak", "bytes_read", "bytes_written"), "INTEGER"),
    "processes": "INTEGER",
}


def statements() -> Iterator[str]:
    for name, type_ in USED.items():
        yield f'ALTER TABLE "linod_job" ADD COLUMN "{name}" {type_}'


def of_kind(kind: str, name: str) -> Iterator[str]:
    for column, type_ in POLICIES.items():
        yield f'ALTER TABLE "{name}" ADD COLUMN "{column}" {type_}'
    yield f'ALTER TABLE "{name}" ADD COLUMN "failures" INTEGER NOT NULL DEFAULT 0'
