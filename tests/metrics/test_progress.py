"""What pairwise metrics tell of how far they are, and that it changes no bit of their answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganray.metrics import METRICS, pairs
from ganray.metrics.features import Embedding
from ganray.process.progress import heard

PAIRWISE = {
    "auth_pct": {},
    "birthday_paradox": {"quantile": 0.9},
    "c_t": {"restarts": 2},
    "clipped_coverage": {},
    "clipped_density": {},
    "cmmd": {},
    "copies_p_value": {},
    "coverage": {},
    "ddm": {},
    "ddm_relative": {},
    "density": {},
    "fld": {},
    "frechet_infinity": {"sizes": 4},
    "improved_precision": {},
    "improved_recall": {},
    "kid": {"subsets": 5, "subset_size": 30},
    "mind": {"directions": 200},
    "nearest_training": {},
    "parzen": {},
    "precision": {},
    "recall": {},
    "rke": {},
    "worst_distance": {},
}


def embedding(seed: int, count: int) -> Embedding:
    features = np.random.default_rng(seed).standard_normal((count, 4), dtype=np.float32)
    return Embedding(features, np.empty((count, 0), np.float32))


@pytest.mark.parametrize("name", PAIRWISE)
def test_a_pairwise_metric_tells_ever_more_up_to_one_and_answers_the_same(name, monkeypatch):
    monkeypatch.setattr(pairs, "BLOCK", 16)
    metric = METRICS.member(name)(**PAIRWISE[name])
    real = replace(embedding(0, 90), training=embedding(1, 110))
    told: list[float] = []
    with heard(told.append):
        found = metric.compute(real[:], embedding(2, 100))
        itself = list(told)
    alone = metric.compute(replace(real, training=embedding(1, 110)), embedding(2, 100))
    assert found == alone
    assert len(itself) >= 4
    assert itself == sorted(set(itself)) == told  # strictly ascending, nothing at the end was left
    assert itself[-1] == pytest.approx(1.0)
    assert max(np.diff([0.0, *itself])) <= 0.75, "most of it would pass in silence"


def posteriors(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(4), 60).astype(np.float32)


def test_class_by_class_a_class_is_told_of():
    told: list[float] = []
    sets = (replace(embedding(i, 60), probabilities=posteriors(i)) for i in range(2))
    with heard(told.append):
        METRICS.member("cafd")().compute(*sets)
    assert told == [0.25, 0.5, 0.75, 1.0]
