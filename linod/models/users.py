"""What an operator may set of a user, and how people write it: the same for the command and on the wire."""

import re
from collections.abc import Mapping

from linod.errors import near
from linod.models.operable import NOTHING, OPERABLE, BadColumn, Column

LONGEST = 35
"""Characters of a language. Source: RFC 5646, 4.4.1: "Working with Limited Buffer Sizes"."""


def _language(value: object) -> str:
    """Source: RFC 5646, 2.1: a language of two or three letters, then subtags; the case says nothing (2.1.1)."""
    tag = value.strip().lower() if isinstance(value, str) else ""
    if re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{1,8})*", tag) and len(tag) <= LONGEST:
        return tag
    shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}..."
    language = tag.partition(".")[0].replace("_", "-")  # of a locale such as pt_BR.UTF-8
    hint = f"; did you mean {language!r}?" if language != tag and re.fullmatch(r"[a-z]{2,3}-[a-z]{2}", language) else ""
    raise ValueError(f"{shown} is not a language such as de or pt-br{hint}")


USER_COLUMNS: Mapping[str, Column] = {
    "language": Column(_language, "a language such as de or pt-br", empty=True),
    "time_zone": OPERABLE["time_zone"],
}
"""Each column of a user that an operator may set."""

_USERNAME = Column(OPERABLE["name"].parse, "a text of up to 200 characters")


def parse_user_column(name: str, value: object) -> object:
    """The value to store, from what an operator wrote or a program sent.

    name    of USER_COLUMNS, or "username".
    Raises  BadColumn when the column is unknown or the value does not fit; it says what does.
    """
    column = _USERNAME if name == "username" else USER_COLUMNS.get(name)
    if column is None:
        raise BadColumn(
            name, f"users have no such column; {near(name, USER_COLUMNS, 'they are ' + ', '.join(USER_COLUMNS))}"
        )
    if column.empty and (value is None or (isinstance(value, str) and value.strip().lower() in NOTHING)):
        return None
    try:
        return column.parse(value)
    except ValueError as error:
        hint = '; "none" empties it' if column.empty else ""
        raise BadColumn(name, f"{error}{hint}") from error
