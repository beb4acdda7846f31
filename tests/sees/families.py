"""Metrics that are alike, by the package that they stand in."""

from __future__ import annotations

from ganray.metrics import METRICS

TITLES = {
    "gaussian": "Fréchet distances",
    "transport": "Transport",
    "kernel": "Kernels",
    "manifold": "Precision, recall and their kin",
    "outliers": "The worst images",
    "classes": "Classes and classifiers",
    "density": "Densities",
    "copying": "Copies and support",
    "pixels": "Pixels",
}


def _families() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {title: [] for title in TITLES.values()}
    for kind in METRICS:
        package = kind.__module__.split(".")[-2]
        found[TITLES[package]].append(METRICS.word(kind))
    return found


FAMILIES = _families()
