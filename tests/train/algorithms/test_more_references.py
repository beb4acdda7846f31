"""Losses that read more off the networks than a value, against their papers' formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganray.train.algorithms import (
    AcGan,
    BiGan,
    CycleGan,
    InfoGan,
    MadGan,
    Mgan,
    MixGan,
    ModNet,
    Pix2Pix,
    SemiSupervised,
    Vae,
)
from ganray.train.steps import Batch, Shown
from tests.reference import losses as paper

RNG = np.random.default_rng(3)
X, Y = RNG.random((4, 1, 2, 2)), RNG.random((4, 1, 2, 2))
KNOWN = RNG.random((4, 1, 2, 2))
HEADS = {name: RNG.normal(size=(4, width)) for name, width in (("a", 3), ("b", 4), ("c", 2))}


def tensor(values) -> torch.Tensor:
    return torch.tensor(np.asarray(values), dtype=torch.float64)


def flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


VALUE = np.array([1.0, -2.0, 0.5, 0.7])


def critic(**heads):
    """Values and heads linear in the pixels."""

    def judge(images: torch.Tensor, *wanted: str):
        rows = images.flatten(1)
        known = {name: rows @ tensor(HEADS[of]) for name, of in heads.items()}
        known["value"] = rows @ tensor(VALUE)
        return tuple(known[name] for name in wanted) if wanted else known["value"]

    return judge


def game(train, step: str, networks, labels=None, **noise) -> float:
    (found,) = [one for one in train.steps() if one.name == step]
    named = {name: tensor(value) for name, value in noise.items()}
    told = None if labels is None else torch.tensor(labels)
    real = tensor(X) if found.real else tensor(X)[:0]
    more = {"known": Shown(tensor(KNOWN), torch.tensor(LABELS))}
    return float(found.loss(networks, Batch(0, real, told, more), named))


def made(*_, **__):
    return tensor(Y)


Z = RNG.random((4, 2))
LABELS = [0, 2, 1, 1]
REAL, FAKE = (flat(images) @ VALUE for images in (X, Y))


def test_acgan():
    networks = {"critic": critic(classes="a"), "generator": made}
    wrong = [paper.misread(flat(images) @ HEADS["a"], LABELS) for images in (X, Y)]
    train = AcGan(class_weight=3)
    expected = -paper.log_likelihoods(REAL, FAKE) + 3 * sum(wrong)
    assert game(train, "critic", networks, LABELS, latents=Z) == pytest.approx(expected)
    fooled = -paper.mean(math.log(paper.sigmoid(v)) for v in FAKE)
    expected = fooled + 3 * wrong[1]
    assert game(train, "generator", networks, LABELS, latents=Z) == pytest.approx(expected)


def test_info_gan():
    networks = {"critic": critic(category="a", codes="c"), "generator": made}
    codes = np.column_stack([LABELS, RNG.uniform(-1, 1, (4, 2))])
    unread = 2 * paper.misread(flat(Y) @ HEADS["a"], LABELS) + 0.5 * paper.mean(
        ((row - told) ** 2).sum() / 2
        for row, told in zip(flat(Y) @ HEADS["c"], codes[:, 1:], strict=True)
    )
    train = InfoGan(information=2, continuous=0.5)
    expected = -paper.log_likelihoods(REAL, FAKE) + unread
    assert game(train, "critic", networks, latents=Z, codes=codes) == pytest.approx(expected)
    expected = -paper.mean(math.log(paper.sigmoid(v)) for v in FAKE) + unread
    assert game(train, "generator", networks, latents=Z, codes=codes) == pytest.approx(expected)


def test_bigan():
    codes = RNG.normal(size=(4, 2))

    def judge(images, z):
        return images.flatten(1) @ tensor(VALUE) + z.sum(dim=1)

    networks = {"judge": judge, "generator": made, "encoder": lambda _: tensor(codes)}
    of_real, of_fake = REAL + codes.sum(axis=1), FAKE + Z.sum(axis=1)
    noise = {"latents": Z, "posterior": Z}
    expected = -paper.log_likelihoods(of_real, of_fake)
    assert game(BiGan(), "judge", networks, **noise) == pytest.approx(expected)
    expected = -paper.log_likelihoods(of_fake, of_real)
    assert game(BiGan(), "pair", networks, **noise) == pytest.approx(expected)


@pytest.mark.parametrize("likelihood", ["normal", "bernoulli"])
def test_vae(likelihood):
    mean, log_variance = RNG.normal(size=(2, 4, 2))
    drawn = RNG.normal(size=(4, 2))
    seen = []

    def decoder(z):
        seen.append(z)
        return tensor(Y)

    encoder = np.column_stack([mean, log_variance])
    networks = {"encoder": lambda _: tensor(encoder), "generator": decoder}
    train = Vae(likelihood=likelihood, beta=1.5, sigma=0.3)
    found = game(train, "bound", networks, posterior=drawn)
    deviation = np.exp(log_variance / 2)
    np.testing.assert_allclose(seen[0].numpy(), mean + deviation * drawn)

    def log_density(x, y):
        if likelihood == "normal":
            return paper.normal_log_density(x, y, 0.3)
        return x * math.log(y) + (1 - x) * math.log(1 - y)

    terms = [
        1.5 * paper.divergence_from_standard(m, s)
        - math.fsum(log_density(*pair) for pair in zip(x, y, strict=True))
        for m, s, x, y in zip(mean, deviation, flat(X), flat(Y), strict=True)
    ]
    assert found == pytest.approx(paper.mean(terms))


COMPONENTS = [2, 0, 1, 2]
CHOSEN = np.column_stack([Z, [0.7, 0.1, 0.5, 0.99]])  # thirds of (0, 1)


def test_mgan():
    networks = {"critic": critic(component="a"), "generator": made}
    confusion = paper.misread(flat(Y) @ HEADS["a"], COMPONENTS)
    train = Mgan(apart=0.25)
    expected = -paper.log_likelihoods(REAL, FAKE) + 0.25 * confusion
    assert game(train, "critic", networks, latents=CHOSEN) == pytest.approx(expected)
    fooled = -paper.mean(math.log(paper.sigmoid(v)) for v in FAKE)
    expected = fooled + 0.25 * confusion
    assert game(train, "generator", networks, latents=CHOSEN) == pytest.approx(expected)


def test_mad_gan():
    """Three generators: the fourth logit is that of real images."""
    networks = {"critic": critic(source="b"), "generator": made}
    of_real, of_fake = (flat(images) @ HEADS["b"] for images in (X, Y))
    expected = paper.misread(of_real, [3] * 4) + paper.misread(of_fake, COMPONENTS)
    assert game(MadGan(), "critic", networks, latents=CHOSEN) == pytest.approx(expected)
    expected = paper.misread(of_fake, [3] * 4)
    assert game(MadGan(), "generator", networks, latents=CHOSEN) == pytest.approx(expected)


def test_mix_gan():
    """Three generators against two critics, every pair by both weights."""
    every = RNG.random((3, 4, 1, 2, 2))
    generators, critics = np.array([0.5, 0.2, 0.3]), np.array([0.9, 0.1])
    own = RNG.normal(size=(2, 4))

    def judge(images, _):
        return tensor(own) @ images.flatten(1).T, tensor(critics)

    networks = {"critic": judge, "generator": lambda *_: (tensor(every), tensor(generators))}
    real = [[float(row @ own[j]) for row in flat(X)] for j in range(2)]
    fake = [[[float(row @ own[j]) for row in flat(every[i])] for j in range(2)] for i in range(3)]
    payoff = math.fsum(
        generators[i] * critics[j] * paper.log_likelihoods(real[j], fake[i][j])
        for i in range(3)
        for j in range(2)
    )
    train = MixGan(entropy=0.2)
    expected = -payoff - 0.2 * paper.mean(map(math.log, critics))
    assert game(train, "critic", networks, latents=Z) == pytest.approx(expected)
    fooled = math.fsum(
        generators[i] * critics[j] * -paper.mean(math.log(paper.sigmoid(v)) for v in fake[i][j])
        for i in range(3)
        for j in range(2)
    )
    expected = fooled - 0.2 * paper.mean(map(math.log, generators))
    assert game(train, "generator", networks, latents=Z) == pytest.approx(expected)


def test_semi_supervised():
    """Three classes and a fourth, "generated", whose logit is 0."""

    def judge(images, wanted):
        rows = images.flatten(1)
        return (rows @ tensor(HEADS["a"]) if wanted == "classes" else rows**2,)

    def logits(images):
        return np.column_stack([flat(images) @ HEADS["a"], np.zeros(4)])

    networks = {"critic": judge, "generator": made}
    shares = np.exp(logits(X))[:, :3].sum(axis=1) / np.exp(logits(X)).sum(axis=1)
    expected = (
        paper.misread(flat(KNOWN) @ HEADS["a"], LABELS)
        + (-paper.mean(map(math.log, shares)) + paper.misread(logits(Y), [3] * 4)) / 2
    )
    assert game(SemiSupervised(), "critic", networks, LABELS, latents=Z) == pytest.approx(expected)
    gaps = (flat(X) ** 2).mean(axis=0) - (flat(Y) ** 2).mean(axis=0)
    found = game(SemiSupervised(), "generator", networks, LABELS, latents=Z)
    assert found == pytest.approx(paper.mean(float(gap) ** 2 for gap in gaps))
    shares = np.exp(logits(Y))[:, :3].sum(axis=1) / np.exp(logits(Y)).sum(axis=1)
    fooling = SemiSupervised(generator="fooling")
    found = game(fooling, "generator", networks, LABELS, latents=Z)
    assert found == pytest.approx(-paper.mean(map(math.log, shares)))


def test_labels_are_shown_of_a_few_images_of_each_class():
    labels = np.arange(60) % 3
    known = SemiSupervised(known=4).shown(labels, 5)["known"]
    assert np.bincount(labels[known]).tolist() == [4, 4, 4]
    assert not np.array_equal(known, SemiSupervised(known=4).shown(labels, 6)["known"])


def translating(images: torch.Tensor, way: int) -> torch.Tensor:
    return images * (0.5 if way else 2.0) + (0.1 if way else -0.3)


def patches(values):
    """Of each image its pixels, each judged for itself."""
    return lambda images: (images * tensor(values)).flatten(1)


A, B, OLD = (RNG.random((4, 1, 2, 2)) for _ in range(3))
JUDGES = {"critic_a": 1.5, "critic_b": -0.7}


def domains(train, step: str, networks, **more) -> float:
    (found,) = [one for one in train.steps() if one.name == step]
    shown = {name: Shown(tensor(images), torch.empty(0)) for name, images in more.items()}
    return float(found.loss(networks, Batch(0, tensor(X)[:0], None, shown), {}))


def test_cycle_gan():
    networks = {"translator": translating, **{r: patches(v) for r, v in JUDGES.items()}}
    made_a, made_b = 2 * B - 0.3, 0.5 * A + 0.1
    judged = paper.mean((1.5 * v - 1) ** 2 for v in made_a.flat)
    judged += paper.mean((-0.7 * v - 1) ** 2 for v in made_b.flat)
    back = paper.mean(abs(2 * v - 0.3 - a) for v, a in zip(made_b.flat, A.flat, strict=True))
    back += paper.mean(abs(0.5 * v + 0.1 - b) for v, b in zip(made_a.flat, B.flat, strict=True))
    same = paper.mean(abs(2 * v - 0.3 - v) for v in A.flat)
    same += paper.mean(abs(0.5 * v + 0.1 - v) for v in B.flat)
    train = CycleGan(cycle_weight=7, identity_weight=3)
    found = domains(train, "translator", networks, a=A, b=B)
    assert found == pytest.approx(judged + 7 * back + 3 * same)
    critics = sum(
        (
            paper.mean((w * v - 1) ** 2 for v in real.flat)
            + paper.mean((w * v) ** 2 for v in OLD.flat)
        )
        / 2
        for w, real in zip(JUDGES.values(), (A, B), strict=True)
    )
    found = domains(train, "critics", networks, a=A, b=B, made_a=OLD, made_b=OLD)
    assert found == pytest.approx(critics)


def test_pix2pix():
    weights = np.array([0.4, -1.1]).reshape(1, 2, 1, 1)
    networks = {"translator": translating, "critic": patches(weights)}
    made = 0.5 * A + 0.1
    of_real = np.concatenate([0.4 * A, -1.1 * B], axis=1).flatten()
    of_made = np.concatenate([0.4 * A, -1.1 * made], axis=1).flatten()
    expected = -paper.log_likelihoods(of_real, of_made) / 2
    assert domains(Pix2Pix(), "critic", networks, a=A, b=B) == pytest.approx(expected)
    fooled = -paper.mean(math.log(paper.sigmoid(v)) for v in of_made)
    far = paper.mean(abs(m - b) for m, b in zip(made.flat, B.flat, strict=True))
    found = domains(Pix2Pix(distance_weight=50), "translator", networks, a=A, b=B)
    assert found == pytest.approx(fooled + 50 * far)


@pytest.mark.parametrize("joint", [False, True])
def test_modnet(joint):
    change = RNG.normal(size=X.shape)
    networks = {
        "generator": lambda images, _: (images + tensor(change), tensor(change)),
        "critic": critic(classes="a"),
        "classifier": lambda images: images.flatten(1) @ tensor(HEADS["a"]),
    }
    if joint:
        del networks["classifier"]
    train = ModNet(joint=joint, label_weight=3, change_weight=0.01)
    wanted = [1, 2, 0, 2]
    more = {"others": Shown(tensor(Y), torch.tensor(wanted))}

    def loss(step: str) -> float:
        (found,) = [one for one in train.steps() if one.name == step]
        batch = Batch(0, tensor(X), torch.tensor(LABELS), more)
        return float(found.loss(networks, batch, {}))

    made = flat(X + change)
    fake = made @ VALUE
    expected = -paper.log_likelihoods(REAL, fake)
    expected += paper.misread(flat(X) @ HEADS["a"], LABELS)
    assert loss("judges") == pytest.approx(expected)
    expected = -paper.mean(math.log(paper.sigmoid(v)) for v in fake)
    expected += 3 * paper.misread(made @ HEADS["a"], wanted)
    expected += 0.01 * paper.mean(float(np.abs(one).sum()) for one in change)
    assert loss("generator") == pytest.approx(expected)
