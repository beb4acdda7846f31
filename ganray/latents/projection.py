"""Defense-GAN's projection: every image is replaced by the nearest that GANs were found to make.

Samangouei, Kabkab and Chellappa, arXiv 1805.06605, section 3. With one GAN it is the published
reconstruction: descents on the latent vector from several starts, of which the nearest counts. With
several it is the nearest answer of all of them, and whose it is says what the image shows, without
any classifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from numpy import ndarray
from torch import Tensor

from ganray.latents.search import descend, scaled
from ganray.models.sampler import Sampler
from ganray.specs import SearchSpec


@dataclass(frozen=True)
class Projected:
    """Of each image and GAN the best descent's end; residuals are pixel-mean squared errors."""

    latents: tuple[Float[Tensor, "n latent"], ...]
    answers: Float[Tensor, "n gans c h w"]
    residuals: Float[Tensor, "n gans"]

    @property
    def nearest(self) -> Int64[Tensor, "n"]:
        """Which GAN is nearest to each image: the first, where two are."""
        finite = self.residuals.where(self.residuals.isfinite(), torch.inf)
        return finite.argmin(dim=1)

    @property
    def images(self) -> Float[Tensor, "n c h w"]:
        """The nearest GAN's answers."""
        return self.answers[torch.arange(len(self.answers)), self.nearest]


@dataclass(frozen=True)
class Defence:
    """The GANs of a side, and how they are searched.

    Attributes:
        restarts: descents of each image on each GAN.
        seed: by which the starts of the defence itself are drawn.
    """

    samplers: Sequence[Sampler]
    spec: SearchSpec
    restarts: int
    seed: int

    def project(
        self,
        images: Float[Tensor, "n c h w"],
        rows: Int64[ndarray, "n"],
        stream: str = "defence",
    ) -> Projected:
        """Search every GAN for every image, all at once: pairs do not interact.

        Args:
            rows: the images' numbers, by which their starts are drawn.
            stream: another one has other starts: an attacker does not know the defence's.
        """
        found = [
            self._search(sampler, images, rows, f"{stream}/{place}")
            for place, sampler in enumerate(self.samplers)
        ]
        latents, answers, residuals = zip(*found, strict=True)
        return Projected(tuple(latents), torch.stack(answers, dim=1), torch.stack(residuals, dim=1))

    def _search(
        self,
        sampler: Sampler,
        images: Float[Tensor, "n c h w"],
        rows: Int64[ndarray, "n"],
        stream: str,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(latents, images, residuals) of each image's best descent on one GAN."""
        starts = [sampler.noise(self.seed, f"{stream}/{row}", 0, self.restarts) for row in rows]
        wanted = images.detach().repeat_interleave(self.restarts, dim=0)
        ends = descend(sampler, wanted, scaled(torch.cat(starts), sampler, self.spec), self.spec)
        with torch.no_grad():
            made = sampler(ends)
            errors = (made - wanted).square().mean(dim=(1, 2, 3)).reshape(-1, self.restarts)
        best = errors.where(errors.isfinite(), torch.inf).argmin(dim=1)
        at = torch.arange(len(images)) * self.restarts + best
        return ends[at], made[at], errors[torch.arange(len(images)), best]
