"""What a loading host tells about itself and its plugins, put together in the daemon."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from linod.host.protocol import Finding, Loaded, Message, PluginReport
from linod.procedures import Procedure

if TYPE_CHECKING:
    from linod.kinds import Kind


class LoadReport:
    """Collects the messages of one host until it is loaded.

    left_out  reports about plugins that took an earlier host down; this one was told not to import them.
    """

    def __init__(self, pid: int, left_out: Iterable[PluginReport]) -> None:
        self._pid = pid
        self._python = ""
        self._version = ""
        self._plugins = list(left_out)
        self._procedures: list[Procedure] = []
        self._findings: list[Finding] = []
        self._kinds: list[Kind] = []

    def add(self, message: Message) -> None:
        """Take in one message; those about something else are none of its business.

        Raises  KeyError, TypeError, ValueError or LinodError for one that this linod does not understand.
        """
        match message["type"]:
            case "hello":
                self._python, self._version = str(message["python"]), str(message["linod"])
            case "plugin":
                words = {name: str(message[name]) for name in ("name", "file", "error", "traceback")}
                self._plugins.append(PluginReport(ok=bool(message["ok"]), **words))
            case "finding":
                self._findings.append(
                    Finding(**{name: str(message[name]) for name in ("plugin", "kind", "text", "cure")})
                )
            case "kind":
                from linod.kinds import Kind  # few plugins bring any

                self._kinds.append(Kind.from_wire(message["kind"]))
            case "procedure":
                self._procedures.append(Procedure.from_wire(message["procedure"]))

    def loaded(self, message: Message) -> Loaded:
        """The whole, with what the last message says."""
        return Loaded(
            procedures=tuple(self._procedures),
            plugins=tuple(self._plugins),
            findings=tuple(self._findings),
            pid=self._pid,
            python=self._python,
            version=self._version,
            warnings=tuple(map(str, message["warnings"])),
            kinds=tuple(self._kinds),
        )
