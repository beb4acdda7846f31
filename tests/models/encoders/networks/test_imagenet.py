"""Images as RGB squares: bilinear as the FID has it, bicubic as Pillow has it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from ganray.errors import RefusedInput
from ganray.models.encoders.networks.imagenet import resized_bicubic, resized_rgb


def naive_bilinear(image: np.ndarray, size: int) -> np.ndarray:
    """Pixel i of the output looks at (i + ½)·(old / new) − ½ of the input, clamped to its edge."""
    answer = np.empty((size, size))
    places = []
    for i in range(size):
        at = min(max((i + 0.5) * len(image) / size - 0.5, 0), len(image) - 1)
        low = int(at)
        places.append((low, min(low + 1, len(image) - 1), at - low))
    for i, (top, bottom, v) in enumerate(places):
        for j, (left, right, u) in enumerate(places):
            upper = (1 - u) * image[top, left] + u * image[top, right]
            lower = (1 - u) * image[bottom, left] + u * image[bottom, right]
            answer[i, j] = (1 - v) * upper + v * lower
    return answer


@pytest.mark.parametrize("size", [5, 7, 19])
def test_resizing_is_bilinear_with_half_pixel_centres(size):
    images = torch.rand(2, 1, 7, 7, generator=torch.Generator().manual_seed(1))
    resized = resized_rgb(images, size)
    assert resized.shape == (2, 3, size, size)
    for image, rgb in zip(images, resized, strict=True):
        for channel in rgb:
            np.testing.assert_allclose(channel, naive_bilinear(image[0].numpy(), size), atol=1e-6)


def test_colours_stay_apart_and_other_channels_are_refused():
    images = torch.tensor([0.1, 0.5, 0.9]).reshape(1, 3, 1, 1).expand(1, 3, 4, 4)
    assert torch.allclose(resized_rgb(images, 9).mean((2, 3)), torch.tensor([[0.1, 0.5, 0.9]]))
    with pytest.raises(RefusedInput, match=r"4 channels \(shape \(1, 4, 2, 2\)\)"):
        resized_rgb(torch.zeros(1, 4, 2, 2), 9)


@pytest.mark.parametrize("shape", [(8, 8), (28, 28), (32, 20), (230, 301)])
def test_bicubic_is_pillows_cut_off_at_black_and_white(shape):
    """Of floating-point channels one by one: what is brighter than white is white."""
    draw = torch.Generator().manual_seed(2)
    images = (torch.rand(2, 3, *shape, generator=draw) > 0.5).float()
    resized = resized_bicubic(images, 24)
    assert resized.shape == (2, 3, 24, 24)
    overshot = False
    for image, found in zip(images.numpy(), resized.numpy(), strict=True):
        for channel, mine in zip(image, found, strict=True):
            theirs = np.asarray(Image.fromarray(channel).resize((24, 24), Image.Resampling.BICUBIC))
            np.testing.assert_allclose(mine, theirs.clip(0, 1), atol=2e-5)
            overshot |= bool(theirs.max() > 1.01)
    assert overshot or shape != (8, 8)
    grey = resized_bicubic(images[:, :1], 24)
    assert torch.equal(grey[:, 0], grey[:, 2])
    with pytest.raises(RefusedInput, match=r"2 channels \(shape \(1, 2, 8, 8\)\)"):
        resized_bicubic(torch.zeros(1, 2, 8, 8), 24)
