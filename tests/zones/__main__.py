"""`python -m tests.zones`: every zone, every day of 1990 to 2037, at three times. Ends with 1 for a wrong slot."""

import multiprocessing
import os
import sys
import time

from tests.zones.oracle import CLOCKS, FIRST, LAST, behaviour, failures, zones


def check(name: str) -> list[str]:
    """What is wrong in one zone."""
    return [failure for clock in CLOCKS for failure in failures(name, clock, FIRST, LAST)]


def main() -> int:
    files, begun, wrong = zones(), time.monotonic(), 0
    with multiprocessing.Pool(os.cpu_count()) as pool:
        names = sorted(dict(zip(pool.map(behaviour, files), files, strict=True)).values())
        for done, found in enumerate(pool.imap_unordered(check, names), 1):
            wrong += len(found)
            if found:
                print("\n".join(found), flush=True)
            if done % 50 == 0:
                print(f"{done} of {len(names)} zones, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    days, known = (LAST - FIRST).days + 1, sum(map(len, files.values()))
    slots = f"{days * len(CLOCKS) * len(names):,} slots"
    print(f"{known} names are {len(names)} zones since {FIRST.year}: {slots}, {wrong} walks went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
