"""A small bookkeeping site: what linod runs in `make demo`, and the example of docs/first-plugin.md.

`models` has the procedures, and linod imports nothing else before one of them runs. The other modules are what any
application has: `tables`, `database`, `fixture` (the first data), `checkers`, `summaries`, `mail`.
"""
