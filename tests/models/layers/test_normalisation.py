"""Spectral and conditional normalisation, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ganray.models.layers.initial import initialise
from ganray.models.layers.normalisation import ConditionalNorm, conv, linear, normalised


def spectral_layers():
    made = nn.Sequential(conv(3, 8, 3, 1, 1, spectral=True), linear(20, 6, spectral=True))
    initialise(made, 3, "x")
    return list(made)


def test_weights_are_divided_by_their_largest_singular_value():
    for layer in spectral_layers():
        for _ in range(300):
            layer.divided()
        matrix = layer.weight.detach().double().flatten(1).numpy()
        largest = np.linalg.svd(matrix, compute_uv=False)[0]
        expected = layer.weight / float(largest)
        torch.testing.assert_close(layer.divided(), expected, rtol=1e-4, atol=1e-6)


def test_one_pass_is_one_step_of_the_power_iteration():
    (layer, _) = spectral_layers()
    matrix, u = layer.weight.detach().flatten(1), layer.u.clone()
    v = matrix.T @ u / (matrix.T @ u).norm()
    u = matrix @ v / (matrix @ v).norm()
    torch.testing.assert_close(layer.divided(), layer.weight / (u @ matrix @ v))
    torch.testing.assert_close(layer.u, u)
    kept = layer.u.clone()
    layer.eval().divided()
    assert torch.equal(layer.u, kept)


def test_averaged_weights_are_divided_by_a_norm_of_their_own():
    """A moving average of `u` belongs to no weights: a sampler finds it anew."""
    (layer, _) = spectral_layers()
    with torch.no_grad():
        layer.u.mul_(0.3).add_(0.1)
    largest = torch.linalg.matrix_norm(layer.eval().divided().detach().flatten(1), ord=2)
    assert float(largest) == pytest.approx(1, rel=0.02)


def test_the_gradient_sees_u_and_v_as_constants():
    (_, layer) = spectral_layers()
    layer.double()
    weight = layer.weight.detach().clone().requires_grad_()
    v = weight.detach().T @ layer.u
    u = weight.detach() @ (v / v.norm())
    (weight / (u / u.norm() @ weight @ (v / v.norm()))).square().sum().backward()
    layer.divided().square().sum().backward()
    torch.testing.assert_close(layer.weight.grad, weight.grad)


def test_each_class_has_scales_and_shifts_of_its_own():
    norm = normalised("batch", 4, classes=3)
    assert isinstance(norm, ConditionalNorm)
    with torch.no_grad():
        norm.scales.copy_(torch.arange(12.0).reshape(3, 4))
        norm.shifts.copy_(-torch.arange(12.0).reshape(3, 4))
    maps, labels = torch.randn(5, 4, 6, 6), torch.tensor([0, 2, 2, 1, 0])
    plain = nn.BatchNorm2d(4, affine=False)(maps)
    found = norm(maps, labels)
    for row, label in enumerate(labels.tolist()):
        for channel in range(4):
            expected = plain[row, channel] * (4 * label + channel) - (4 * label + channel)
            torch.testing.assert_close(found[row, channel], expected)
