"""Tests of models, migrations, store and lock: real SQLite files, real processes."""
