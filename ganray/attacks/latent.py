"""An attack on z: a misclassified image of the range itself, near the original."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.attacks.attack import Attack, Victim

if TYPE_CHECKING:
    from jaxtyping import Float, Int64
    from torch import Tensor

    from ganray.models.sampler import Sampler


class LatentAttack(Attack):
    """min ‖G(z) − x‖² + c·max(margin(G(z)) + κ, 0) over z, by Adam from the image's projection.

    Athalye, Carlini and Wagner, arXiv 1802.00420, section 5.4.1, say that a defence by projection
    is broken by what lies in the range already; the objective is Carlini and Wagner's with G(z) for
    x′. The attack is G(z), which a projection that works leaves as it is. Of several GANs every
    one is descended, and the nearest misclassified image of all counts, if it is within `limit`;
    else the image stays as it is. It says where a classifier and the GANs disagree: with a poor GAN
    such an image may no longer show what its original did.
    """

    sees = "defence"
    title = "attack on z"

    name: Literal["latent"] = Field("latent", description="the attack")
    iterations: int = Field(100, ge=1, description="Adam's steps on each GAN")
    learning_rate: float = Field(0.05, gt=0, description="Adam's step size, in z")
    constant: float = Field(10.0, gt=0, description="c, what misclassification is worth")
    confidence: float = Field(1.0, ge=0, description="κ, by which another logit must be greater")
    limit: float = Field(
        0.09,
        gt=0,
        le=1,
        description="pixel-mean squared distance from the original, at most; 0.3² is what FGSM may",
    )

    @property
    def projections(self) -> int:
        """Where it begins."""
        return 1

    def generated(self, gans: int) -> int:
        """One for each step, on each GAN."""
        return self.iterations * gans

    def perturb(
        self, victim: Victim, images: Float[Tensor, "n c h w"], labels: Int64[Tensor, "n"]
    ) -> Float[Tensor, "n c h w"]:
        """The attacked images."""
        import torch

        assert victim.defence is not None
        starts = victim.defence.project(images, victim.rows, "latent").latents
        best, least = images, images.new_full((len(images),), self.limit)
        for sampler, start in zip(victim.defence.samplers, starts, strict=True):
            found, distances = self._descend(victim, sampler, start, images, labels)
            nearer = distances <= least
            best = torch.where(nearer[:, None, None, None], found, best)
            least = torch.where(nearer, distances, least)
        return best

    def _descend(
        self,
        victim: Victim,
        sampler: Sampler,
        start: Float[Tensor, "n latent"],
        images: Float[Tensor, "n c h w"],
        labels: Int64[Tensor, "n"],
    ) -> tuple[Tensor, Tensor]:
        """(nearest misclassified images of one GAN, distances); infinite where there is none."""
        import torch

        from ganray.attacks.gradients import margin
        from ganray.train.updates.optimisers import AdamDescent

        best, least = images, images.new_full((len(images),), torch.inf)
        z = start.clone().requires_grad_(True)
        adam = AdamDescent([z], lr=self.learning_rate)
        for _ in range(self.iterations):
            made = sampler(z)
            beyond = margin(victim.logits(made), labels) + self.confidence
            squared = (made - images).square()
            loss = (squared.sum(dim=(1, 2, 3)) + self.constant * beyond.clamp(min=0)).sum()
            (z.grad,) = torch.autograd.grad(loss, z)
            z.grad[:, sampler.law.free :] = 0  # what chooses among classes stays
            adam.step()
            mean = squared.mean(dim=(1, 2, 3)).detach()
            nearer = (beyond < 0) & (mean < least)
            best = torch.where(nearer[:, None, None, None], made.detach(), best)
            least = torch.where(nearer, mean, least)
        return best, least
