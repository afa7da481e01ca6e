"""Sphinx: the manual pages, and the same as HTML. Anything from Sphinx 5.3 (Debian 12) on will do."""

import re
from pathlib import Path

project = "linod"
author = "The linod authors"
release = version = re.findall(r'^__version__ = "(.+)"$', Path("../linod/__init__.py").read_text(), re.MULTILINE)[0]

exclude_patterns = ["*.md"]
highlight_language = "none"
smartquotes = False  # a quoted option or file name is to be copied as it stands
html_theme = "alabaster"
html_show_sourcelink = False

man_pages = [
    ("man/linod.8", "linod", "run the background tasks of a Linux server", "", 8),
    ("man/linod-ctl.1", "linod-ctl", "operate linod: see, request, change and end background tasks", "", 1),
    ("man/linod.toml.5", "linod.toml", "the settings of a site of linod", "", 5),
]
