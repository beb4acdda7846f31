"""Small convolutional networks in NumPy, float64, from their descriptions."""

from __future__ import annotations

import numpy as np


def convolved(maps, weight, stride=1):
    """A 3 × 3 convolution with one pixel of zeros around, output pixel by output pixel."""
    count, _, height, width = maps.shape
    padded = np.pad(maps, ((0, 0), (0, 0), (1, 1), (1, 1)))
    rows, columns = -(-height // stride), -(-width // stride)
    answer = np.empty((count, len(weight), rows, columns))
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            window = padded[:, :, top : top + 3, left : left + 3].reshape(count, -1)
            answer[:, :, i, j] = window @ weight.reshape(len(weight), -1).T
    return answer


def _state(network):
    return {name: value.double().numpy() for name, value in network.state_dict().items()}


def resnet(network, images, training=False):
    """(features, logits) of the small residual network; in training, batches norm themselves."""
    state = _state(network)

    def unit(maps, name, stride=1):
        maps = convolved(maps, state[f"{name}.conv.weight"], stride)
        mean, variance = state[f"{name}.norm.running_mean"], state[f"{name}.norm.running_var"]
        if training:
            mean, variance = maps.mean(axis=(0, 2, 3)), maps.var(axis=(0, 2, 3))
        scale, shift = state[f"{name}.norm.weight"], state[f"{name}.norm.bias"]
        factor = (scale / np.sqrt(variance + 1e-5))[:, None, None]
        normal = (maps - mean[:, None, None]) * factor + shift[:, None, None]
        return np.maximum(normal, 0)

    maps = unit(2 * images.astype(np.float64) - 1, "stem")
    maps = unit(maps, "layers.0", 2)
    maps = unit(maps, "layers.1", 2)
    maps = maps + unit(unit(maps, "layers.2.first"), "layers.2.second")
    maps = unit(maps, "layers.3", 2)
    maps = maps + unit(unit(maps, "layers.4.first"), "layers.4.second")
    features = maps.mean(axis=(2, 3))
    return features, features @ state["output.weight"].T + state["output.bias"]


def random_convolutions(network, images, grid):
    """Cell means of three convolutions with ReLU, four places averaged between them."""
    maps = np.broadcast_to(2 * images.astype(np.float64) - 1, (len(images), 3, *images.shape[2:]))
    for place, weight in enumerate(_state(network).values()):
        if place:
            height, width = (size // 2 * 2 for size in maps.shape[2:])
            cut = maps[:, :, :height, :width]
            maps = sum(cut[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)) / 4
        maps = np.maximum(convolved(maps, weight), 0)
    height, width = maps.shape[2:]
    cells = [
        maps[
            :,
            :,
            i * height // grid : -(-(i + 1) * height // grid),
            j * width // grid : -(-(j + 1) * width // grid),
        ].mean(axis=(2, 3))
        for i in range(grid)
        for j in range(grid)
    ]
    return np.stack(cells, axis=2).reshape(len(images), -1)
