"""A small bookkeeping site: what linod runs in `make demo`, and the example of docs/first-plugin.md.

`models` has the procedures, and linod imports nothing else before one of them runs. The other modules are what any
application has: `tables`, `office` and `database`, `fixture` and `office_fixture` (the first data), and the work.

`invoicing` is a second plugin of the site, with a kind of task of its own.

Two more sites are `linod.demo.cms` and `linod.demo.chatter`, as on Lino's page about linod.
"""
