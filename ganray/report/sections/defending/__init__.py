"""Classifiers under attack."""
