"""Each algorithm's losses against its paper's formulas, on values and on a critic that is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganray.train.algorithms import (
    Dragan,
    FeatureMatching,
    FGan,
    Hinge,
    Lsgan,
    R3Gan,
    Vanilla,
    Wgan,
    WganGp,
)
from ganray.train.algorithms.adversarial import sameness
from ganray.train.algorithms.f_gan import activated, conjugate
from ganray.train.steps import Batch
from tests.reference import losses as paper

REAL, FAKE = [0.3, -1.2, 2.5, 0.0], [-0.4, 1.7, -3.0, 0.9]
NO_NOISE: dict[str, torch.Tensor] = {}


def tensor(values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def of_critic(spec, noise=NO_NOISE, real=REAL, fake=FAKE) -> float:
    return float(spec.critic_loss(tensor(real), tensor(fake), noise))


def of_generator(spec, fake=FAKE, real=()) -> float:
    return float(spec.generator_loss(tensor(fake), tensor(list(real)), NO_NOISE))


def test_the_first_gan():
    assert of_critic(Vanilla()) == pytest.approx(-paper.log_likelihoods(REAL, FAKE))
    expected = -paper.mean(math.log(paper.sigmoid(v)) for v in FAKE)
    assert of_generator(Vanilla()) == pytest.approx(expected)
    expected = paper.mean(math.log(1 - paper.sigmoid(v)) for v in FAKE)
    assert of_generator(Vanilla(game="saturating")) == pytest.approx(expected)


@pytest.mark.parametrize("spec", [Vanilla, Lsgan], ids=["vanilla", "lsgan"])
def test_smoothed_and_swapped_targets(spec):
    told = spec(real_target=(0.7, 1.2), fake_target=(0.0, 0.3), swapped=0.25)
    drawn = [[0.0, 0.5, 0.9, 0.9], [1.0, 0.1, 0.2, 0.9], [0.5, 0.5, 0.9, 0.1], [0.3, 0.7, 0.3, 0.3]]
    of_real = [0.7 + 0.5 * row[0] for row in drawn]
    of_fake = [0.3 * row[1] for row in drawn]
    real_targets = [
        f if row[2] < 0.25 else r for r, f, row in zip(of_real, of_fake, drawn, strict=True)
    ]
    fake_targets = [
        r if row[3] < 0.25 else f for r, f, row in zip(of_real, of_fake, drawn, strict=True)
    ]
    one = paper.smoothed if spec is Vanilla else paper.least_squares
    expected = one(REAL, real_targets) + one(FAKE, fake_targets)
    assert of_critic(told, {"targets": tensor(drawn)}) == pytest.approx(expected)
    assert set(told.critic_draws) == {"targets"}
    assert spec().critic_draws == {}


def test_least_squares():
    expected = paper.least_squares(REAL, [1] * 4) + paper.least_squares(FAKE, [0] * 4)
    assert of_critic(Lsgan()) == pytest.approx(expected)
    assert of_generator(Lsgan()) == pytest.approx(paper.least_squares(FAKE, [1] * 4))
    chi = Lsgan(fake_target=(-1, -1), wanted=0)
    expected = paper.least_squares(REAL, [1] * 4) + paper.least_squares(FAKE, [-1] * 4)
    assert of_critic(chi) == pytest.approx(expected)
    assert of_generator(chi) == pytest.approx(paper.least_squares(FAKE, [0] * 4))


def test_hinge():
    assert of_critic(Hinge()) == pytest.approx(paper.hinge(REAL, FAKE))
    assert of_generator(Hinge()) == pytest.approx(-paper.mean(FAKE))


def test_wasserstein():
    for spec in (Wgan(), WganGp()):
        assert of_critic(spec) == pytest.approx(paper.wasserstein(REAL, FAKE))
        assert of_generator(spec) == pytest.approx(-paper.mean(FAKE))
    published = Wgan(critic="as_published")
    bounded = [[paper.sigmoid(v) for v in values] for values in (REAL, FAKE)]
    assert of_critic(published) == pytest.approx(paper.wasserstein(*bounded))
    assert of_generator(published) == pytest.approx(-paper.mean(bounded[1]))


def test_relativistic_pairs():
    assert of_critic(R3Gan()) == pytest.approx(paper.relativistic(REAL, FAKE))
    assert of_generator(R3Gan(), FAKE, REAL) == pytest.approx(paper.relativistic(FAKE, REAL))


VALUES = st.floats(-3, 3).map(lambda v: round(v, 3))


@pytest.mark.parametrize("name", paper.GENERATORS)
@given(v=VALUES)
def test_a_conjugate_is_the_supremum_that_defines_it(name, v):
    if name == "pearson":
        v = max(v, -2.0)  # below, the paper's f* is that of f continued to negative u
    t = float(activated(name, tensor([v]))[0])
    found = float(conjugate(name, tensor([v]))[0])
    assert found == pytest.approx(paper.fenchel(name, t), abs=1e-6, rel=1e-6)


@pytest.mark.parametrize("name", [name for name in paper.GENERATORS if name != "total_variation"])
def test_the_best_critic_gives_the_divergence(name):
    """E_p[T] − E_q[f*(T)] is Σ q f(p/q) at its highest (f-GAN, eq. 4), climbed here by Adam."""
    p, q = tensor([0.2, 0.5, 0.3]), tensor([0.4, 0.35, 0.25])
    v = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([v], 0.02)
    for _ in range(3000):
        adam.zero_grad()
        bound = (p * activated(name, v)).sum() - (q * conjugate(name, v)).sum()
        (-bound).backward()
        adam.step()
    wanted = paper.divergence(name, p.tolist(), q.tolist())
    assert float(bound.detach()) == pytest.approx(wanted, abs=1e-6)
    loss = FGan(divergence=name).critic_loss(tensor(REAL), tensor(FAKE), NO_NOISE)
    by_hand = activated(name, tensor(REAL)).mean() - conjugate(name, tensor(FAKE)).mean()
    assert float(loss) == pytest.approx(-float(by_hand))


W, A = [0.5, -1.0, 0.25, 2.0], [0.1, 0.0, -0.3, 0.2]
KNOWN = paper.Quadratic(W, A)
X, Y, N = (np.random.default_rng(k).normal(size=(3, 1, 2, 2)) for k in range(3))
MIX = np.array([0.2, 0.7, 0.5]).reshape(3, 1, 1, 1)


def critic(images: torch.Tensor) -> torch.Tensor:
    flat = images.flatten(1)
    return flat @ tensor(W) + (flat.square() @ tensor(A)) / 2


def penalty(spec, **noise) -> float:
    named = {name: tensor(value) for name, value in noise.items()}
    networks = {"critic": critic}
    found = spec.slope_penalty(networks, tensor(Y), Batch(0, tensor(X)), named)
    return float(found.detach())


def norms(points) -> list[float]:
    return [KNOWN.norm(list(point)) for point in points.reshape(3, 4)]


def test_penalties_of_a_critic_whose_gradient_is_known():
    between = X + MIX * (Y - X)
    expected = 10 * paper.mean((n - 1) ** 2 for n in norms(between))
    for spec in (WganGp(), Hinge(penalty="corrected")):
        assert penalty(spec, mix=MIX) == pytest.approx(expected)
    near = X + MIX * 0.5 * X.std() * N
    expected = 10 * paper.mean((n - 1) ** 2 for n in norms(near))
    assert penalty(Dragan(), mix=MIX, near=N) == pytest.approx(expected)
    squares = (paper.mean(n**2 for n in norms(points)) for points in (X, Y))
    assert penalty(R3Gan(gamma=3)) == pytest.approx(3 / 2 * sum(squares))
    r1 = paper.mean(n**2 for n in norms(X)) / 2
    assert penalty(WganGp(penalty="r1")) == pytest.approx(10 * r1)
    lazy = Vanilla(penalty="r1", penalty_weight=3, penalty_interval=4)
    assert penalty(lazy) == pytest.approx(4 * 3 * r1)


def test_features_are_matched_by_their_means():
    def seen(images, *_):
        return (images.flatten(1) ** 2,)

    fake = tensor(Y)
    loss = FeatureMatching().fooling({"critic": seen}, fake, Batch(0, tensor(X)), NO_NOISE)
    gaps = (X.reshape(3, 4) ** 2).mean(axis=0) - (Y.reshape(3, 4) ** 2).mean(axis=0)
    assert float(loss) == pytest.approx(paper.mean(float(gap) ** 2 for gap in gaps))


def test_the_term_against_collapse():
    z, other = (
        tensor([[0.0, 1.0], [2.0, 2.0], [1.0, 0.0]]),
        tensor([[1.0, 1.0], [0.0, 0.0], [1.0, 3.0]]),
    )
    found = float(sameness(z, other, tensor(X), tensor(Y)))
    apart = [0.5, 2.0, 1.5]
    far = [paper.mean(np.abs(a - b).ravel()) for a, b in zip(X, Y, strict=True)]
    assert found == pytest.approx(
        paper.mean(d / (f + 1e-5) for d, f in zip(apart, far, strict=True)), rel=1e-6
    )
