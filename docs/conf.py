"""Sphinx: the documentation as HTML. The manual pages alone are made by man/conf.py, which needs less."""

import sys
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

import linod

sys.path.insert(0, str(Path(__file__).parent / "html"))

project = "linod"
author = "The linod authors"
release = version = linod.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "docstrings"]
root_doc = "index"
exclude_patterns = ["man/contents.rst"]
highlight_language = "none"
default_role = "literal"  # docstrings and pages write `code` as Markdown does
smartquotes = False  # a quoted option or file name is to be copied as it stands

html_theme = "alabaster"
html_theme_options = {"page_width": "1160px", "sidebar_width": "240px", "body_max_width": "none", "fixed_sidebar": True}
html_show_sourcelink = False
html_copy_source = False

myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True

nitpick_ignore_regex = [  # in the signatures; a name in a text must lead somewhere
    ("py:class", r"(collections|datetime|logging|zoneinfo)\..*|Logger|linod\.clock\.Clock|.*\.Function|.*DoesNotExist"),
]


def setup(app: Sphinx) -> None:
    for computed in ("time", "symptom"):  # blocks that linod computes or prints
        app.add_lexer(computed, TextLexer)
