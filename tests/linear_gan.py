"""A GAN whose images are linear in its latent vectors: with noise their density is known."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ganray.models import DefenseGan
from ganray.models.laws import Labelled, Law, Normal
from ganray.models.sampler import Sampler
from tests.reference.density import linear_decoder_log_likelihood

LATENT = 2


class Linear(Sampler):
    """x = Wz + b; of labelled latent vectors with a b of each label's own.

    Attributes:
        matrix: W, float64.
        offsets: b of each label.
    """

    def __init__(self, shape=(1, 2, 4), law: Law | None = None, labels: int = 1, size=0.3):
        nn.Module.__init__(self)
        law = law or Normal(LATENT)
        self.model, self.shape, self.classes = DefenseGan(), shape, (1,) * labels
        self.law = Labelled(law, (1,) * labels) if labels > 1 else law
        drawn = np.random.default_rng(4)
        pixels = int(np.prod(shape))
        self.matrix = size * drawn.normal(size=(pixels, law.size)) * (8 / pixels) ** 0.5
        self.offsets = 0.5 + 0.1 * drawn.normal(size=(labels, pixels))
        self.weight = nn.Parameter(torch.from_numpy(self.matrix).float(), requires_grad=False)
        self.bias = nn.Parameter(torch.from_numpy(self.offsets).float(), requires_grad=False)

    def forward(self, noise):
        free = self.matrix.shape[1]
        label = noise[:, -1].long() if noise.shape[1] > free else torch.zeros(len(noise)).long()
        made = noise[:, :free] @ self.weight.T + self.bias[label]
        return made.reshape(len(noise), *self.shape)

    def exact(self, points: np.ndarray, sigma: float) -> np.ndarray:
        """log p of each row, where latent vectors are normal."""
        each = [
            linear_decoder_log_likelihood(points, self.matrix, offset, sigma)
            for offset in self.offsets
        ]
        return np.logaddexp.reduce(each, axis=0) - np.log(len(each))
