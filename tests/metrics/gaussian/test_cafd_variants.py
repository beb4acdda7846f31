"""CAFD with hard assignment and with weights, against loops; and that its default is as it was."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics import METRICS, Cafd
from ganray.metrics.gaussian.cafd import class_aware_frechet_distance
from ganray.metrics.gaussian.class_gaussians import class_moments, member_gaussian
from ganray.process.numerics import threads
from tests.metrics.gaussian.test_cafd import CLASSES, labelled
from tests.metrics.sets import embedded
from tests.reference import gaussian as reference
from tests.reference import metrics


def doubles(set_: tuple[np.ndarray, np.ndarray]) -> list[np.ndarray]:
    return [array.astype(np.float64) for array in set_]


def test_hard_is_a_loop_over_the_likeliest_class():
    real, generated = labelled(1, 300), labelled(2, 200, noise=0.5, sure=1.0)
    found = Cafd(assignment="hard").compute(embedded(*real), embedded(*generated))
    (x, p), (y, q) = doubles(real), doubles(generated)
    labels = reference.likeliest(p), reference.likeliest(q)
    expected = reference.terms_by_label(x, labels[0], y, labels[1], range(CLASSES), ddof=0)
    np.testing.assert_allclose(found.per_class, expected, rtol=1e-9)
    assert found.value == pytest.approx(np.mean(expected), rel=1e-9)


@pytest.mark.parametrize("assignment", ["soft", "hard"])
def test_weights_are_the_real_images_mean_posterior(assignment):
    real, generated = labelled(1, 300, shares=(8, 3, 1)), labelled(2, 200, noise=0.5)
    sets = embedded(*real), embedded(*generated)
    plain = Cafd(assignment=assignment).compute(*sets)
    found = Cafd(assignment=assignment, weights="real").compute(*sets)
    assert found.per_class == plain.per_class
    expected = reference.weighted_mean(plain.per_class, real[1])
    assert found.value == pytest.approx(expected, rel=1e-9)
    assert found.value != pytest.approx(plain.value, rel=1e-2)


def test_weighted_soft_is_the_naive_reference_too():
    real, generated = labelled(3, 200, shares=(8, 3, 1)), labelled(4, 150, noise=0.2)
    found = Cafd(weights="real").compute(embedded(*real), embedded(*generated))
    terms = metrics.cafd_terms(*doubles(real), *doubles(generated))
    assert found.value == pytest.approx(reference.weighted_mean(terms, real[1]), rel=1e-8)


def test_sure_posteriors_make_hard_and_soft_one():
    sure = [(x, np.eye(CLASSES, dtype=np.float32)[p.argmax(1)])
            for x, p in (labelled(1, 90), labelled(2, 80))]  # fmt: skip
    soft, hard = (Cafd(assignment=how).compute(*(embedded(*one) for one in sure))
                  for how in ("soft", "hard"))  # fmt: skip
    assert hard.value == pytest.approx(soft.value, rel=1e-9)


def test_weighing_forgives_a_spoilt_rare_class():
    """Equal weights do not: which is the question that they answer."""
    shares = (10, 10, 1)
    real, (x, p) = labelled(1, 3000, shares=shares), labelled(2, 3000, shares=shares)
    spoilt = x + 4.0 * (p.argmax(axis=1) == 2)[:, None].astype(np.float32)

    def worse(**settings):
        metric = Cafd(assignment="hard", **settings)
        before, after = (metric.compute(embedded(*real), embedded(y, p)).value for y in (x, spoilt))
        return after - before

    assert worse() > 4 * worse(weights="real") > 0


def test_hard_does_not_see_doubt_that_leaves_the_order_of_classes():
    real, (x, p) = labelled(1, 600), labelled(2, 600)
    doubtful = (0.5 * p + 0.5 / CLASSES).astype(np.float32)
    soft, hard = (
        [Cafd(assignment=how).compute(embedded(*real), embedded(x, q)).value for q in (p, doubtful)]
        for how in ("soft", "hard")
    )
    assert hard[0] == hard[1]
    assert soft[1] > 2 * soft[0]


def test_a_class_of_fewer_than_two_images_is_named():
    x, p = labelled(1, 30)
    sure = np.eye(CLASSES, dtype=np.float32)[np.array([0] * 20 + [1] + [0] * 9)]
    hard = Cafd(assignment="hard")
    for sets, name in (
        (((x, p), (x, sure)), "generated"),
        (((x, sure), (x, p)), "real"),
    ):
        with pytest.raises(UndefinedScore, match=rf"{name}: class 1 has 1, class 2 has 0"):
            hard.compute(*(embedded(*one) for one in sets))
    two = sure.copy()
    two[:2], two[2:4] = [0, 1, 0], [0, 0, 1]
    assert np.isfinite(hard.compute(embedded(x, p), embedded(x, two)).value)


def test_the_default_has_its_old_key_and_others_have_their_own():
    assert Cafd().identity() == {"name": "cafd"}
    assert Cafd(assignment="soft", weights="equal").identity() == {"name": "cafd"}
    assert METRICS.parse({"name": "cafd", "assignment": "hard"}, "metrics").identity() == {
        "name": "cafd",
        "assignment": "hard",
    }
    assert Cafd(weights="real").identity() == {"name": "cafd", "weights": "real"}


def test_the_default_has_the_bits_of_the_plain_functions():
    real, generated = labelled(1, 300), labelled(2, 200)
    found = Cafd().compute(embedded(*real), embedded(*generated))
    plain = class_aware_frechet_distance(class_moments(*real), class_moments(*generated))
    assert (found.value, found.per_class) == plain


@pytest.mark.parametrize("assignment", ["soft", "hard"])
def test_threads_work_classes_side_by_side_to_the_same_bits(assignment):
    sets = [embedded(*labelled(seed, 300)) for seed in (1, 2)]
    found = []
    for count in (1, 2, 7):
        with threads(count):
            found.append(Cafd(assignment=assignment).compute(sets[0][:], sets[1]))
    assert found[0] == found[1] == found[2]


def test_other_classes_are_refused():
    x, p = labelled(1, 10)
    with pytest.raises(RefusedInput, match="3 classes where generated has 2"):
        Cafd().compute(embedded(x, p), embedded(x, np.full((10, 2), 0.5, np.float32)))


def test_refusals():
    x, p = labelled(1, 10)
    with pytest.raises(RefusedInput, match=r"weights \(=\[1.0\]\) must be 3 numbers"):
        class_aware_frechet_distance(class_moments(x, p), class_moments(x, p), np.ones(1))
    with pytest.raises(RefusedInput, match="not all 0"):
        class_aware_frechet_distance(class_moments(x, p), class_moments(x, p), np.zeros(3))
    with pytest.raises(RefusedInput, match="labels has 9 rows where x has 10"):
        member_gaussian("x", x, p[:9].argmax(axis=1), range(CLASSES), ddof=0)
    with pytest.raises(RefusedInput, match="assignment"):
        METRICS.parse({"name": "cafd", "assignment": "firm"}, "metrics")
