"""Distances and counts of kinds that come from kernels of pairs of images."""
