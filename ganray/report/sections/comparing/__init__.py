"""Scores and verdicts."""
