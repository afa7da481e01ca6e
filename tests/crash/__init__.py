"""kill -9 where it hurts most: at every statement, and at random."""
