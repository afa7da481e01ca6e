"""A second, simple ledger, against which the one in the database is held."""
