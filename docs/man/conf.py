"""Sphinx: the manual pages. The package is built with that of Debian 12: anything from 5.3 on will do."""

import re
from pathlib import Path

project = "linod"
author = "The linod authors"
release = version = re.findall(
    r'^__version__ = "(.+)"$', Path(__file__).parents[2].joinpath("linod/__init__.py").read_text(), re.MULTILINE
)[0]

root_doc = "contents"
highlight_language = "none"
smartquotes = False  # a quoted option or file name is to be copied as it stands

man_pages = [
    ("linod.8", "linod", "run the background tasks of a Linux server", "", 8),
    ("linod-ctl.1", "linod-ctl", "operate linod: see, request, change and end background tasks", "", 1),
    ("linod.toml.5", "linod.toml", "the settings of a site of linod", "", 5),
]
