"""Attacks against closed forms, NumPy, and what no attack may do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from ganray.attacks import ATTACKS, Bpda, CarliniWagnerL2, Fgsm, RandFgsm
from ganray.attacks.gradients import margin
from ganray.errors import RefusedInput
from tests.attacks.victims import Nothing, images, linear, network, victim
from tests.reference import attacks as reference

CLEAN = images()


def right(logits) -> torch.Tensor:
    return logits(CLEAN).argmax(dim=1)


def flat(shown) -> np.ndarray:
    return shown.flatten(1).numpy()


def test_the_margin_is_to_the_greatest_other_logit():
    logits = torch.randn(9, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(9) % 5
    expected = reference.confusable(logits.numpy(), labels.numpy())
    np.testing.assert_allclose(margin(logits, labels), expected, rtol=1e-6)


@pytest.mark.parametrize("epsilon", [0.05, 0.3, 1.0])
def test_fgsm_is_its_closed_form_on_a_linear_classifier(epsilon):
    logits = linear()
    labels = right(logits)
    found = flat(Fgsm(epsilon=epsilon).perturb(victim(logits), CLEAN, labels))
    for image, label, mine in zip(flat(CLEAN), labels.tolist(), found, strict=True):
        step = epsilon * np.sign(reference.gradient(*logits.arrays, image, label))
        np.testing.assert_allclose(mine, np.clip(image + step, 0, 1))


def test_rand_fgsm_is_fgsm_from_a_corner_nearby_that_each_image_has_by_its_number():
    logits, attack = linear(classes=2), RandFgsm(alpha=0.05, epsilon=0.2)
    labels = right(logits)
    found = attack.perturb(victim(logits), CLEAN, labels)
    rest = [
        np.round((flat(found)[row] - flat(CLEAN)[row] - 0.15 * np.sign(
            reference.gradient(*logits.arrays, flat(CLEAN)[row], int(labels[row])))) / 0.05)
        for row in range(12)
    ]  # fmt: skip
    signs = np.stack(rest)
    assert set(np.unique(signs)) == {-1, 1}  # no pixel is near the ends, where it would be cut
    assert abs(signs.mean()) < 0.3
    assert (found - CLEAN).abs().max() <= 0.2 + 1e-12
    alone = victim(logits)
    some = attack.perturb(type(alone)(logits, np.array([5, 3]), 7), CLEAN[[5, 3]], labels[[5, 3]])
    torch.testing.assert_close(some, found[[5, 3]])


def test_cw_finds_the_least_change_of_a_linear_classifier_of_two_classes():
    logits = linear(classes=2)
    labels = right(logits)
    attack = CarliniWagnerL2(iterations=250, learning_rate=0.02, constant=0.1, searches=5)
    found = attack.perturb(victim(logits), CLEAN, labels)
    assert (logits(found).argmax(dim=1) != labels).all()
    for image, mine in zip(flat(CLEAN), flat(found), strict=True):
        least, nearest = reference.least_change(*logits.arrays, image)
        if nearest.min() >= 0 and nearest.max() <= 1:  # else the box keeps it away
            assert least <= np.linalg.norm(mine - image) + 1e-9 <= 1.1 * least + 1e-9


def test_cw_changes_less_than_fgsm_where_both_fool():
    logits = network()
    labels = right(logits)
    one = Fgsm(epsilon=0.3).perturb(victim(logits), CLEAN, labels)
    other = CarliniWagnerL2(learning_rate=0.05, constant=10).perturb(victim(logits), CLEAN, labels)
    both = ((logits(one).argmax(1) != labels) & (logits(other).argmax(1) != labels)).nonzero()[:, 0]
    assert len(both) > 5
    norms = [(changed - CLEAN).flatten(1).norm(dim=1)[both] for changed in (one, other)]
    assert (norms[1] < norms[0]).all()


def test_cw_leaves_an_image_that_it_cannot_move_and_confidence_is_a_margin():
    logits = linear()
    labels = right(logits)
    still = CarliniWagnerL2(iterations=3, learning_rate=1e-6)
    assert torch.equal(still.perturb(victim(logits), CLEAN, labels), CLEAN)
    sure = CarliniWagnerL2(iterations=300, learning_rate=0.05, confidence=0.5)
    found = sure.perturb(victim(logits), CLEAN, labels)
    moved = (found != CLEAN).flatten(1).any(dim=1)
    assert moved.any()
    assert (margin(logits(found), labels)[moved] < -0.5).all()


@pytest.mark.parametrize("attack", [Fgsm(), RandFgsm(), CarliniWagnerL2(learning_rate=0.1)])
def test_an_images_attack_does_not_depend_on_its_neighbours(attack):
    logits = network()
    labels = right(logits)
    together = attack.perturb(victim(logits), CLEAN, labels)
    one = victim(logits)
    for row in (0, 7):
        alone = attack.perturb(
            type(one)(logits, np.array([row]), 7), CLEAN[row : row + 1], labels[row : row + 1]
        )
        torch.testing.assert_close(alone[0], together[row])


def test_bpda_through_a_projection_that_does_nothing_is_projected_gradients():
    logits, attack = linear(), Bpda(epsilon=0.1, step_size=0.03, iterations=6)
    labels = right(logits)
    found = attack.perturb(victim(logits, defence=Nothing()), CLEAN, labels)
    for image, label, mine in zip(flat(CLEAN), labels.tolist(), flat(found), strict=True):
        expected = reference.projected_gradient(*logits.arrays, image, label, 0.1, 0.03, 6)
        np.testing.assert_allclose(mine, expected)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "fgsm", "epsilon": 1.5}, r"epsilon \(=1.5\).*1"),
        ({"name": "fgsm", "epsilon": 0}, r"epsilon \(=0\)"),
        ({"name": "rand_fgsm", "alpha": 0.3}, r"alpha \(=0.3\) must be below epsilon \(=0.3, the"),
        ({"name": "bpda", "iterations": 0}, "iterations"),
        ({"name": "latent", "limit": 2}, "limit"),
        ({"name": "deep_fool"}, "fgsm"),
        ("bdpa", "bpda"),
    ],
)
def test_settings_that_make_no_sense_are_refused(values, said):
    with pytest.raises(RefusedInput, match=said):
        ATTACKS.parse(values, "attacks")


def test_attacks_are_called_by_what_is_unusual_of_them():
    assert Fgsm().label == "fgsm"
    assert Fgsm(epsilon=0.1).label == "fgsm (epsilon 0.1)"
    with pytest.raises(ValidationError):
        Fgsm(epsilon=-1)
