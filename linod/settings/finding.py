"""Which files configure the site."""

import os
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from linod.errors import ConfigurationError, near
from linod.settings import sites
from linod.tuples import NamedTuple

ETC = Path("/etc/linod")
VENDOR = Path("/usr/share/linod")


class Machine(NamedTuple):
    """What finding a site's files asks of the machine; tests give another."""

    uid: int
    etc: Path = ETC
    vendor: Path = VENDOR


class Place(NamedTuple):
    """A site, and where its settings are."""

    site: str
    file: Path  # the TOML file, or where one would be read from
    exists: bool
    dropins: tuple[Path, ...]  # merged over the file in this order
    local: bool = False  # found as ./linod.toml: state and socket are below its directory
    warnings: tuple[str, ...] = ()


def find(
    settings: str | None,
    site: str | None,
    pythonpath: Sequence[str],
    environ: Mapping[str, str],
    cwd: Path,
    machine: Machine,
) -> Place:
    """`--settings`, else `--site` or LINOD_SITE, else `./linod.toml`, else the site `linod`.

    With `--settings`, the site is what `--site` says; LINOD_SITE does not name it, because the variable is set for a
    shell and the option for one run: its state must not become that of the other site.
    Raises ConfigurationError when what was named is not there.
    """
    if settings is not None:
        file = _named_file(settings, pythonpath, cwd)
        name = _site_of(file, settings, machine) if site is None else sites.checked_name(site, "--site")
        return Place(name, file, True, _dropins(file))
    named = sites.named_site(site, environ)
    if named is not None:
        return _site(named, "--site" if site is not None else "LINOD_SITE", machine)
    local = sites.local_file(cwd, machine.uid)
    if local:
        name = local.parent.name  # for the log only: all the site's paths are below the directory
        return Place(name if sites.is_name(name) else sites.DEFAULT_SITE, local, True, _dropins(local), local=True)
    place = _site(sites.DEFAULT_SITE, "", machine)
    if machine.uid == 0 and os.path.lexists(cwd / sites.LOCAL_FILE):
        ignored = f"{cwd / sites.LOCAL_FILE} is not used: root never reads ./linod.toml unless --settings names it"
        return place._replace(warnings=(ignored,))
    return place


def _site_of(file: Path, settings: str, machine: Machine) -> str:
    """The site that `--settings` means when no `--site` is given: the file's name, or the directory's of a linod.toml.

    The name decides about the state directory, so a file from elsewhere must not get the state of the site `linod`
    by lying in a directory of that name, as a clone of linod does.
    """
    of_system = file.parent in (machine.etc, machine.vendor)
    by_directory = file.name == sites.LOCAL_FILE and not of_system
    name = os.path.basename(os.path.normpath(file.parent)) if by_directory else file.stem  # noqa: PTH119 - of a/.. too
    if not sites.is_name(name):
        raise ConfigurationError(f"--settings {settings}: {name!r} cannot name a site; give it a name with --site")
    if name == sites.DEFAULT_SITE and machine.uid == 0 and not of_system:
        raise ConfigurationError(
            f"--settings {settings}: this would run on the state of the site {name!r}; give it a name with --site"
        )
    return name


def _site(name: str, where: str, machine: Machine) -> Place:
    """A site by its name. The site `linod` needs no file: it has the defaults."""
    own = machine.etc / f"{name}.toml"
    dropins = _dropins(own)
    for file in (own, machine.vendor / f"{name}.toml"):
        if os.path.lexists(file):
            return Place(name, file, True, dropins)
    if name == sites.DEFAULT_SITE or dropins:
        return Place(name, own, False, dropins)
    known = {file.stem for directory in (machine.etc, machine.vendor) for file in directory.glob("*.toml")}
    cure = near(name, sorted(known), f"write {own}")
    raise ConfigurationError(f"{where}: unknown site {name!r}; there is no {own}; {cure}")


def _dropins(file: Path) -> tuple[Path, ...]:
    """NAME.toml.d/*.toml in the order of their names. A hidden file is an editor's."""
    directory = file.with_name(file.name + ".d")
    try:
        files = sorted(directory.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise ConfigurationError(f"{directory}: cannot be read: {error.strerror}") from error
    return tuple(file for file in files if file.suffix == ".toml" and not file.name.startswith("."))


def _named_file(settings: str, pythonpath: Sequence[str], cwd: Path) -> Path:
    """The file that `--settings` names: a path, or a dotted package that holds linod.toml."""
    from linod.settings.keys import is_dotted

    if "/" in settings or settings.endswith(".toml") or not is_dotted(settings):
        file = cwd / settings
        try:
            kind = file.stat().st_mode
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ConfigurationError(f"--settings {settings}: there is no such file") from error
        except OSError as error:
            raise ConfigurationError(f"--settings {settings}: cannot be read: {error.strerror}") from error
        if stat.S_ISDIR(kind):
            raise ConfigurationError(f"--settings {settings}: a directory; did you mean {file / sites.LOCAL_FILE}?")
        return file
    file_of_package = package_file(settings, [str(cwd / path) for path in pythonpath] + sys.path)
    if file_of_package is None:
        raise ConfigurationError(
            f"--settings {settings}: no package of this name holds a {sites.LOCAL_FILE}; "
            "linod looked in --pythonpath and the Python path of this interpreter; name the file instead, with its path"
        )
    return file_of_package


def package_file(name: str, path: Sequence[str]) -> Path | None:
    """The linod.toml of a package, found without importing it: importing is for the worker host alone.

    So `importlib.util.find_spec` is asked for the first part of the name at most, as it imports the parents of a
    dotted name; asked at all because an editable install may be known to an import hook only, not to any directory.
    """
    parts = name.split(".")
    for entry in path:
        file = Path(entry or ".", *parts, sites.LOCAL_FILE)
        if _is_file(file):
            return file.absolute()
    from importlib.util import find_spec

    try:
        spec = find_spec(parts[0])
    except (ImportError, ValueError):  # a broken hook, or a module without a spec
        return None
    for entry in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(entry, *parts[1:], sites.LOCAL_FILE)
        if _is_file(file):
            return file.absolute()
    return None


def _is_file(file: Path) -> bool:
    """False too where a directory on the way may not be searched, which raises before Python 3.14."""
    try:
        return file.is_file()
    except OSError:
        return False
