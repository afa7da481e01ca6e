"""Run the tests that need a kernel and a clock of their own: python -m tests.vm [RELEASE] [PYTEST ARGUMENT...]

In an emulated machine with Debian 12, or the release that is named. Ends with 0, 1 for a failure, and 77 where it
cannot run: the last line says why.
"""

import os
import sys
import time

from tests.system.bases import RELEASES
from tests.system.results import run, table
from tests.system.tools import CANNOT_RUN, CannotRun, locked, need, package
from tests.vm.image import IMAGES, image

TOOLS = {
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "mkswap": "util-linux",
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "ssh": "openssh-client",
    "systemctl": "systemd",
}

PATIENCE = 4
"""How many times longer than in a container anything may take."""


def main(arguments: list[str]) -> int:
    """One run of a clone at a time: it builds the package anew. Other clones may run theirs."""
    if os.geteuid() != 0:
        print("cannot run here: the disk of the virtual machine is made by root; try: sudo make test-vm")
        return CANNOT_RUN
    IMAGES.mkdir(parents=True, exist_ok=True)
    with locked(IMAGES / "lock"):
        return run_all(arguments)


def run_all(arguments: list[str]) -> int:
    began = time.monotonic()
    release, *more = [word for word in arguments if word in RELEASES] or [next(iter(RELEASES))]
    if more:
        print(f"one release at a time: {release}, or {' '.join(more)}")
        return 2
    try:
        place = prepare(release)
    except CannotRun as error:
        print(f"cannot run here: {error}")
        return CANNOT_RUN
    print(f"Ready after {time.monotonic() - began:.0f} s: {release}", flush=True)
    environ = {"LINOD_VM": str(place), "LINOD_TEST_PATIENCE": str(PATIENCE)}
    code, output, results = run(release, "tests/vm", [word for word in arguments if word != release], environ)
    if code:
        print(output)
    print(table([release], results))
    passed = sum(result["outcome"] == "passed" for result in results)
    print(f"{passed} passed in {time.monotonic() - began:.0f} s" + ("; FAILED" if code else ""))
    return 1 if code else 0


def prepare(release: str) -> str:
    """The directory of the image; raises CannotRun with the reason why there can be none."""
    need("needed for a virtual machine", TOOLS)
    for left in IMAGES.glob("disk-*"):  # by a run that was killed
        left.unlink()
    return str(image(release, package(IMAGES / "deb")).root.parent)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
