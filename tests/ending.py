"""What ends before the session does."""

from __future__ import annotations

from contextlib import ExitStack

BESIDE_RAY = ExitStack()
"""Ended after the last test that needs Ray."""
