"""Invoices, made by tasks of a kind of their own: which journal, says each task's row. A plugin beside `linod.demo`.

`models` has the kind and its procedure; `tables` and `fixture` have what is there to invoice, and `invoices` does that.
`tasks` puts the three tasks of Lino's page into a site.
"""
