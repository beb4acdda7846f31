"""Metrics of pictures as their papers write them: explicit loops over pixels and patches."""

from __future__ import annotations

import math

import numpy as np

BINOMIAL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


def mirrored(i, size):
    """The index inside that a border without repeated edge pixels shows at i."""
    if i < 0:
        i = -i
    return 2 * (size - 1) - i if i >= size else i


def smoothed(image):
    """One channel under the 5 × 5 binomial filter."""
    h, w = image.shape
    found = np.zeros((h, w))
    for y in range(h):
        for x in range(w):
            found[y, x] = math.fsum(
                BINOMIAL[a + 2, b + 2] * image[mirrored(y + a, h), mirrored(x + b, w)]
                for a in range(-2, 3)
                for b in range(-2, 3)
            )
    return found


def two_levels(image):
    """What the half-sized image lacks of one channel, and the half-sized one."""
    small = smoothed(image)[::2, ::2]
    spread = np.zeros(image.shape)
    spread[::2, ::2] = small
    return image - 4 * smoothed(spread), small


def swd(real, generated, corners, directions, side=7):
    """One level's distance × 1,000 of images (n, c, h, w), given patches' corners (n, p, 2)."""
    sets = []
    for images in (real, generated):
        patches = np.array(
            [
                image[:, top : top + side, left : left + side]
                for image, places in zip(images, corners, strict=True)
                for top, left in places
            ]
        )
        for channel in range(images.shape[1]):
            values = patches[:, channel]
            patches[:, channel] = (values - values.mean()) / values.std()
        sets.append(patches.reshape(len(patches), -1))
    total = []
    for direction in directions:
        unit = direction / math.sqrt(math.fsum(direction**2))
        one, other = (sorted(float(patch @ unit) for patch in patches) for patches in sets)
        total.append(np.mean([abs(a - b) for a, b in zip(one, other, strict=True)]))
    return 1000 * float(np.mean(total))


def ms_ssim(first, second, exponents):
    """Of two images (c, h, w) in [0, 1], window by window."""
    window = np.array(
        [[math.exp(-((y - 5) ** 2 + (x - 5) ** 2) / 4.5) for x in range(11)] for y in range(11)]
    )
    window /= window.sum()
    product = 1.0
    for scale, exponent in enumerate(exponents):
        similarities, contrasts = [], []
        for a, b in zip(first, second, strict=True):
            for y in range(a.shape[0] - 10):
                for x in range(a.shape[1] - 10):
                    one, other = a[y : y + 11, x : x + 11], b[y : y + 11, x : x + 11]
                    mean, mean_other = (window * one).sum(), (window * other).sum()
                    variance = (window * (one - mean) ** 2).sum()
                    variance_other = (window * (other - mean_other) ** 2).sum()
                    covariance = (window * (one - mean) * (other - mean_other)).sum()
                    luminance = (2 * mean * mean_other + 1e-4) / (mean**2 + mean_other**2 + 1e-4)
                    contrast = (2 * covariance + 9e-4) / (variance + variance_other + 9e-4)
                    similarities.append(luminance * contrast)
                    contrasts.append(contrast)
        last = scale == len(exponents) - 1
        product *= max(0.0, float(np.mean(similarities if last else contrasts))) ** exponent
        first, second = halved(first), halved(second)
    return product


def halved(image):
    """Means of 2 × 2 pixels; an odd last row or column falls away."""
    c, h, w = image.shape
    found = np.zeros((c, h // 2, w // 2))
    for k in range(c):
        for y in range(h // 2):
            for x in range(w // 2):
                found[k, y, x] = image[k, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean()
    return found
