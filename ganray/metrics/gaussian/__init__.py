"""Distances between normal distributions that were fitted to features."""
