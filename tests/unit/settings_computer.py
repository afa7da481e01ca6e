"""A machine for the tests of the settings: none of them reads this machine's own configuration."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from linod.errors import ConfigurationError
from linod.settings import Settings, load
from linod.settings.finding import Machine

ANNA = 1000


@dataclass
class Computer:
    """A machine of its own for each test: its directories, and the environment of one user."""

    base: Path
    uid: int = ANNA
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.directory("home")

    def directory(self, name: str) -> Path:
        path = self.base / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name: str, *lines: str) -> Path:
        """A file below the machine's root: "etc/shop.toml"."""
        path = self.base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def load(
        self,
        settings: str | Path | None = None,
        site: str | None = None,
        pythonpath: tuple[str, ...] = (),
        verbosity: int | None = None,
    ) -> Settings:
        return load(
            settings=None if settings is None else str(settings),
            site=site,
            pythonpath=pythonpath,
            verbosity=verbosity,
            environ={"HOME": str(self.home), "XDG_RUNTIME_DIR": "/run/user/1000", "TZ": "Europe/Tallinn"}
            | self.environ,
            cwd=self.home,
            machine=Machine(self.uid, self.base / "etc", self.base / "vendor"),
        )

    def refused(
        self, settings: str | Path | None = None, site: str | None = None, pythonpath: tuple[str, ...] = ()
    ) -> str:
        """The text of the error that loading ends with."""
        with pytest.raises(ConfigurationError) as caught:
            self.load(settings, site, pythonpath)
        assert caught.value.exit_code == 78
        return str(caught.value)
