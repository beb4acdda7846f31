"""Scores, and what else is found by comparing sets of images."""
