"""The pages: texts in `pages`, published as HTML in `public`.

A text has its title in the first line; paragraphs follow, with links written as [words](page).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from linod.demo.place import directory

FIRST = {
    "index": "Our orchard\n\nWe grow [pears](pears) & [plums](plums).\n\nSee our [opening hours](hours).\n",
    "pears": "Pears\n\nFrom September. Back to the [start](index).\n",
    "plums": "Plums\n\nThey are sold out. Back to the [start](index).\n",
}

LINK = re.compile(r"\[([^]]+)\]\(([a-z0-9-]+)\)")

Texts = Mapping[str, str]


def publish() -> tuple[int, int]:
    """Write each page whose HTML is not up to date, and remove those whose text is gone. Returns how many of each."""
    wanted = {f"{name}.html": as_html(text) for name, text in _texts().items()}
    public = directory() / "public"
    public.mkdir(exist_ok=True)
    there = {file.name: file.read_text() for file in public.glob("*.html")}
    changed = [name for name, html in wanted.items() if there.get(name) != html]
    for name in changed:
        draft = public / f".{name}.draft"
        draft.write_text(wanted[name])
        draft.replace(public / name)  # who reads meanwhile gets the old page or the new one, never half of it
    gone = there.keys() - wanted.keys()
    for name in gone:
        (public / name).unlink()
    return len(changed), len(gone)


def problems() -> list[str]:
    """What is wrong with the pages, a text each."""
    texts = _texts()
    return [problem for name in sorted(texts) for problem in _problems(name, texts)]


def _problems(name: str, texts: Texts) -> Iterator[str]:
    if not _title(texts[name]):
        yield f"Page {name} has no title"
    for words, target in LINK.findall(texts[name]):
        if target not in texts:
            yield f"Page {name} has a link {words!r} to a page {target}, which does not exist"


def as_html(text: str) -> str:
    """A page as browsers read it."""
    paragraphs = [escape(part.strip()) for part in text.partition("\n")[2].split("\n\n") if part.strip()]
    body = "\n".join(f"<p>{LINK.sub(_link, part)}</p>" for part in paragraphs)
    title = escape(_title(text))
    return f"<!DOCTYPE html>\n<meta charset=utf-8>\n<title>{title}</title>\n<h1>{title}</h1>\n{body}\n"


def _link(found: re.Match[str]) -> str:
    return f'<a href="{found[2]}.html">{found[1]}</a>'


def _title(text: str) -> str:
    return text.partition("\n")[0].strip()


def _texts() -> Texts:
    """The texts by the name of their page; who comes first writes the first ones."""
    place = directory() / "pages"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=place.parent, prefix=".draft-") as draft:
            pages = Path(draft, "pages")
            pages.mkdir()
            for name, text in FIRST.items():
                (pages / f"{name}.txt").write_text(text)
            with suppress(OSError):  # another job was first
                pages.rename(place)
    return {file.stem: file.read_text() for file in sorted(place.glob("*.txt"))}
