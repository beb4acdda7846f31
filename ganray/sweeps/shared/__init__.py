"""Trials whose tasks one runner does, so that GANs of several can share a cohort."""
