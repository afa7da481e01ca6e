"""The slots of linod against three independent engines. Each deliberate difference is a test, and in docs/time.md."""
