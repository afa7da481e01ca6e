"""Faults of the machine under a real daemon: what is lost, what is said, and that it goes on."""
