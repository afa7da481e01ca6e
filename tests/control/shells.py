"""Real shells on a terminal, with the completion files of linod: what a line becomes when somebody presses TAB."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.demo.terminal import Terminal

ROOT = Path(__file__).parents[2]
FILES = ROOT / "packaging" / "completion"
BIN = Path(sys.executable).parent

MACHINE = """
mount -t tmpfs tmpfs /run && mkdir -p /run/linod/books && mount --bind "$1" /run/linod/books || exit
mount -t overlay overlay -o lowerdir="$2":/etc /etc || exit
shift 2
exec "$@"
"""
"""A mount namespace in which the site `books` has its socket where a site has it, and /etc has more files."""

SHOW, TAB = "\x18\x10", "\t"  # Ctrl-X Ctrl-P, which `SETUP` binds

SETUP = {
    "bash": r"""
PS1='ready> '; bind 'set bell-style none'
for file in {files}/*.bash; do . $file; done
bind -x '"\C-x\C-p": printf "{{%s}}\n" "$READLINE_LINE"; READLINE_LINE=; READLINE_POINT=0'
""",
    "zsh": r"""
PS1='ready> '; unsetopt beep prompt_sp prompt_cr; setopt no_auto_remove_slash
fpath=({files} $fpath); autoload -Uz compinit; compinit -u -D
show() {{ print -r -- "{{$BUFFER}}"; BUFFER= }}; zle -N show; bindkey '^X^P' show
""",
    "fish": r"""
function fish_prompt; printf 'ready> '; end; function fish_greeting; end
for file in {files}/*.fish; source $file; end
bind \cx\cp 'printf "{{%s}}\n" (commandline); commandline ""'
""",
}

COMMANDS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"], "fish": ["fish"]}


class Shell:
    """One shell, waiting for what is typed."""

    def __init__(self, name: str, terminal: Terminal) -> None:
        self._terminal = terminal
        self.name = name

    def completed(self, typed: str) -> str:
        """The line after the TAB key."""
        seen = len(self._terminal.text)
        self._terminal.type(typed + TAB + SHOW)
        self._terminal.wait_for_match(r"\{[^{}]*\}\n", seen)
        found = re.findall(r"\{([^{}]*)\}\n", self._terminal.text[seen:])
        return str(found[-1])

    def run(self, typed: str, until: str) -> str:
        """Press TAB and ENTER, and wait for some output."""
        seen = len(self._terminal.text)
        self._terminal.type(typed + TAB + "\r")
        self._terminal.wait_for_match(re.escape(until), seen)
        return self._terminal.text[seen:]


@contextmanager
def shell(name: str, directory: Path, runtime: Path, **environ: str) -> Iterator[Shell]:
    """Start a shell.

    directory  for its files.
    runtime    the runtime directory of the site `books`.
    """
    home = directory / "home"
    home.mkdir()
    etc = directory / "etc" / "linod"
    etc.mkdir(parents=True)
    for site in ("books", "shop"):
        (etc / f"{site}.toml").touch()
    setup = directory / "setup"
    setup.write_text(SETUP[name].format(files=FILES))
    unshare = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    command = [*unshare, "sh", "-c", MACHINE, "sh", runtime, etc.parent, *COMMANDS[name]]
    base = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(home), "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    terminal = Terminal([*map(str, command)], {**base, "INPUTRC": "/dev/null", **environ}, tty=True)
    try:
        terminal.type(f". {setup}\r")
        terminal.wait_for("ready> ")
        yield Shell(name, terminal)
    finally:
        terminal.close()
