"""Classifiers that are taught by images, and examined."""
