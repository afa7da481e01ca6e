"""A strict reader of Varlink interface descriptions, written from the grammar at varlink.org and nothing of linod's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(r"#[^\n]*|\s+|->|\[\]|\[string\]|[?(),:]|[A-Za-z][A-Za-z0-9_.-]*")
_INTERFACE = re.compile(r"[A-Za-z](-*[A-Za-z0-9])*(\.[A-Za-z0-9](-*[A-Za-z0-9])*)+")
_MEMBER = re.compile(r"[A-Z][A-Za-z0-9]*")
_FIELD = re.compile(r"[A-Za-z](_?[A-Za-z0-9])*")
_BUILT_IN = {"bool", "int", "float", "string", "object"}


@dataclass
class Description:
    """What a description defines; types as they are written."""

    interface: str = ""
    types: dict[str, dict[str, str]] = field(default_factory=dict)
    methods: dict[str, tuple[dict[str, str], dict[str, str]]] = field(default_factory=dict)
    errors: dict[str, dict[str, str]] = field(default_factory=dict)


class Reader:
    """Reads one description; raises ValueError where the grammar does not allow what stands there."""

    def __init__(self, text: str) -> None:
        self._words = list(_tokens(text))
        self._used: set[str] = set()

    def read(self) -> Description:
        found = Description()
        self._expect("interface")
        found.interface = self._name(_INTERFACE)
        while self._words:
            match self._next():
                case "type":
                    self._add(found.types, self._name(_MEMBER), self._struct)
                case "method":
                    name = self._name(_MEMBER)
                    takes = self._struct()
                    self._expect("->")
                    self._add(found.methods, name, lambda takes=takes: (takes, self._struct()))
                case "error":
                    self._add(found.errors, self._name(_MEMBER), self._struct)
                case word:
                    raise ValueError(f"{word!r} begins no definition")
        if unknown := self._used - set(found.types):
            raise ValueError(f"undefined types {unknown}")
        return found

    def _add(self, to: dict, name: str, read) -> None:  # type: ignore[no-untyped-def, type-arg]
        if name in to:
            raise ValueError(f"{name} is defined twice")
        to[name] = read()

    def _struct(self) -> dict[str, str]:
        members: dict[str, str] = {}
        self._expect("(")
        while self._words[0] != ")":
            if members:
                self._expect(",")
            name = self._name(_FIELD)
            self._expect(":")
            self._add(members, name, self._type)
        self._expect(")")
        return members

    def _type(self) -> str:
        word = self._next()
        if word == "?":
            inner = self._type()
            if inner.startswith("?"):
                raise ValueError("a type cannot be optional twice")
            return "?" + inner
        if word in ("[]", "[string]"):
            return word + self._type()
        if word not in _BUILT_IN:
            if not _MEMBER.fullmatch(word):
                raise ValueError(f"{word!r} is no type")
            self._used.add(word)
        return word

    def _name(self, form: re.Pattern[str]) -> str:
        word = self._next()
        if not form.fullmatch(word):
            raise ValueError(f"{word!r} is not of the form {form.pattern}")
        return word

    def _expect(self, word: str) -> None:
        if (found := self._next()) != word:
            raise ValueError(f"{found!r} stands where {word!r} should")

    def _next(self) -> str:
        if not self._words:
            raise ValueError("the text ends too early")
        return self._words.pop(0)


def _tokens(text: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise ValueError(f"{text[position : position + 20]!r} is no word of Varlink")
        position = found.end()
        if not found.group().isspace() and not found.group().startswith("#"):
            yield found.group()
