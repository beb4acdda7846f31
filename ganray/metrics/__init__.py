"""Metrics as pure float64 functions of features and posteriors; they know of no generator.

Statistics (`moments`) merge; distances (`frechet`, `cafd`) and scores (`inception_score`) are
computed from them; `intervals` and `score` say what may be concluded and compared.
"""
