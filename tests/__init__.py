"""The tests of `ganray`, a folder for each of its packages."""

HANG_SECONDS = 600.0
"""Whoever waits for longer waits for ever, on any machine: no test depends on a shorter time."""
