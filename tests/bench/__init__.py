"""`python -m tests.bench`: what linod costs, each figure beside its floor; pytest does not collect it."""
