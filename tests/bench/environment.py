"""The interpreter that the bench measures: linod installed as users do; an editable install starts slower."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
BUILD = CHECKOUT / "build"
PROGRAMS = Path(__file__).parent / "programs"


def sources() -> list[Path]:
    """What an installation is made of."""
    packaged = [file for file in (CHECKOUT / "linod").rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    return sorted([*packaged, CHECKOUT / "pyproject.toml", CHECKOUT / "README.md"])


def key(files: list[Path]) -> str:
    """A digest of names and contents: another one means that the checkout has changed."""
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(CHECKOUT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def build() -> Path:
    """The interpreter of `build/env/bench`, this checkout installed; made anew when the checkout has changed."""
    place = BUILD / "env" / "bench"
    python, mark = place / "bin" / "python", place / "content"
    wanted = key(sources())
    if mark.is_file() and mark.read_text() == wanted:
        return python
    if not python.exists():
        _run(sys.executable, "-m", "venv", str(place))
    mark.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as copy:  # setuptools would leave a build/lib of old modules in the checkout
        for file in sources():
            target = Path(copy) / file.relative_to(CHECKOUT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        _run(*pip, copy)
        _run(*pip, "--force-reinstall", "--no-deps", copy)  # the version does not tell one checkout from the next
    mark.write_text(wanted)
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
