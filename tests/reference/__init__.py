"""Naive versions, written from the formulas alone, that the tests compare `ganray` with."""
