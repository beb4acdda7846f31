"""Scores carry their protocol, and those of different protocols are not compared."""

from __future__ import annotations

import pytest

from ganray.errors import RefusedInput
from ganray.scores import Protocol, Score, ScoreName, compare
from ganray.spec import parse

PROTOCOL = Protocol(
    encoder="classifier",
    encoder_digest="ab" * 32,
    preprocessing="[0, 1]",
    reference_split="mnist/test",
    reference_count=10_000,
    count=1_000,
    mixture="empirical",
    versions={"torch": "2.13", "numpy": "2.4"},
)

LITE = "Fréchet distance (EfficientNet-Lite0)"


def scores(*values: float, metric: str = "cafd", **changes: object) -> list[Score]:
    protocol = PROTOCOL.model_copy(update=changes)
    return [Score(metric=metric, value=value, protocol=protocol) for value in values]


def test_the_fingerprint_stands_for_every_field():
    changes = {
        "encoder": "inception",
        "encoder_digest": "cd" * 32,
        "preprocessing": "[-1, 1]",
        "reference_split": "mnist/train",
        "reference_count": 9_999,
        "count": 999,
        "mixture": "uniform",
        "settings": {"splits": 5},
        "versions": {"torch": "2.14", "numpy": "2.4"},
    }
    assert set(changes) == set(Protocol.model_fields)
    changed = [PROTOCOL.model_copy(update={k: v}).fingerprint for k, v in changes.items()]
    assert len({PROTOCOL.fingerprint, *changed}) == 1 + len(changes)
    assert len(PROTOCOL.fingerprint) == 12


def test_the_fingerprint_of_this_protocol_stays_what_it_was():
    """A golden value: stored scores stay comparable only while it holds."""
    assert PROTOCOL.fingerprint == "4d0dc2cfe70d"
    turned = PROTOCOL.model_copy(update={"versions": {"numpy": "2.4", "torch": "2.13"}})
    assert turned.fingerprint == PROTOCOL.fingerprint


def test_scores_survive_json():
    (score,) = scores(12.5)
    again = Score.model_validate_json(score.model_dump_json())
    assert again == score
    assert (again.n, again.fingerprint) == (1_000, PROTOCOL.fingerprint)


def test_equal_protocols_compare_by_welch():
    answer = compare(scores(90.0, 91.0, 92.0), scores(107.0, 108.0, 106.0))
    assert answer.verdict == "lower"
    assert answer.difference == pytest.approx(-16.0)
    assert compare(scores(90.0), scores(107.0)).verdict == "no interval"


def test_different_protocols_are_refused_with_what_differs():
    other = PROTOCOL.model_copy(update={"count": 500, "mixture": "uniform"})
    with pytest.raises(RefusedInput) as refusal:
        compare(scores(90.0), scores(91.0, count=500, mixture="uniform"))
    said = str(refusal.value)
    assert PROTOCOL.fingerprint in said
    assert other.fingerprint in said
    assert "count 1000 / 500, mixture 'empirical' / 'uniform'" in said
    assert "encoder" not in said


def test_a_mixture_of_protocols_on_one_side_is_refused_too():
    with pytest.raises(RefusedInput, match="count 1000 / 999"):
        compare(scores(1.0) + scores(2.0, count=999), scores(3.0))


def test_different_metrics_and_empty_sides_are_refused():
    with pytest.raises(RefusedInput, match="'cafd' and 'class_divergence' cannot be compared"):
        compare(scores(1.0), scores(1.0, metric="class_divergence"))
    with pytest.raises(RefusedInput, match="a has 0, b has 1"):
        compare([], scores(1.0))


def test_unknown_metrics_are_refused_with_the_nearest_name():
    with pytest.raises(RefusedInput, match="'inception_scor'; did you mean 'inception_score'"):
        assert ScoreName("inception_scor", "classifier").title
    with pytest.raises(RefusedInput, match="unknown name 'cfad'"):
        assert ScoreName("cfad", "classifier").better


def test_no_score_is_infinite_or_of_a_misspelt_protocol():
    with pytest.raises(RefusedInput, match=r"value .*finite"):
        parse(Score, {"metric": "cafd", "value": float("nan"), "protocol": PROTOCOL}, "score")
    with pytest.raises(RefusedInput, match="did you mean 'mixture'"):
        parse(Protocol, PROTOCOL.model_dump() | {"mixtur": "uniform"}, "protocol")


@pytest.mark.parametrize(
    ("metric", "encoder", "title", "better"),
    [
        ("cafd", "classifier", "CAFD", "lower"),
        ("class_divergence", "classifier", "class divergence", "lower"),
        ("frechet_distance", "classifier", "Fréchet distance", "lower"),
        ("frechet_distance", "inception", "FID", "lower"),
        (
            "frechet_distance",
            "efficientnet_lite0",
            "Fréchet distance (EfficientNet-Lite0)",
            "lower",
        ),
        ("inception_score", "inception", "Inception Score (Inception)", "higher"),
    ],
)
def test_a_score_is_called_by_its_metric_and_its_encoder(metric, encoder, title, better):
    name = ScoreName(metric, encoder)
    assert (name.title, name.better) == (title, better)
    assert name.heading[0].isupper()
    assert name.meaning
