"""Carlini and Wagner's attack: the least change, in L₂, that is misclassified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.attacks.attack import Attack, Victim

if TYPE_CHECKING:
    from jaxtyping import Float, Int64
    from torch import Tensor


class CarliniWagnerL2(Attack):
    """min ‖x′ − x‖² + c·max(margin(x′) + κ, 0) over w, x′ = (tanh w + 1)/2, by Adam from x.

    Carlini and Wagner, arXiv 1608.04644, section VI.A. The answer is the nearest x′ on the way that
    is misclassified with that confidence; the image itself where none is. Of several searches each
    takes c ten times as great where the one before found nothing, and else halves its bracket.
    Defaults are those that Defense-GAN is attacked with; published searches for the least change
    take a step of 0.01 and nine searches. Without the libraries' early end, which goes by the sum
    over a batch: an image's answer does not depend on its neighbours'.
    """

    title = "CW-L₂"

    name: Literal["carlini_wagner_l2"] = Field("carlini_wagner_l2", description="the attack")
    iterations: int = Field(100, ge=1, description="Adam's steps in each search")
    learning_rate: float = Field(10.0, gt=0, description="Adam's step size, in w")
    constant: float = Field(100.0, gt=0, description="c of the first search")
    searches: int = Field(1, ge=1, le=30, description="for the least c that does")
    confidence: float = Field(0.0, ge=0, description="κ, by which another logit must be greater")

    @property
    def gradients(self) -> int:
        """One for each step."""
        return self.iterations * self.searches

    def perturb(
        self, victim: Victim, images: Float[Tensor, "n c h w"], labels: Int64[Tensor, "n"]
    ) -> Float[Tensor, "n c h w"]:
        """The attacked images."""
        import torch

        best, least = images.clone(), images.new_full((len(images),), torch.inf)
        low, high = images.new_zeros(len(images)), images.new_full((len(images),), torch.inf)
        constants = images.new_full((len(images),), self.constant)
        for _ in range(self.searches):
            best, least, found = self._search(victim, images, labels, constants, best, least)
            high, low = torch.where(found, constants, high), torch.where(found, low, constants)
            constants = torch.where(high.isinf(), constants * 10, (low + high) / 2)
        return best

    def _search(
        self,
        victim: Victim,
        images: Float[Tensor, "n c h w"],
        labels: Int64[Tensor, "n"],
        constants: Float[Tensor, "n"],
        best: Float[Tensor, "n c h w"],
        least: Float[Tensor, "n"],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(nearest misclassified images, their squared distances, whether this search found one)"""
        import torch

        from ganray.attacks.gradients import margin
        from ganray.train.updates.optimisers import AdamDescent

        inner = ((2 * images - 1) * 0.999999).atanh()  # at 0 and 1 it would be infinite
        origin, found = (inner.tanh() + 1) / 2, torch.zeros_like(least, dtype=torch.bool)
        w = inner.clone().requires_grad_(True)
        adam = AdamDescent([w], lr=self.learning_rate)
        for _ in range(self.iterations):
            changed = (w.tanh() + 1) / 2
            beyond = margin(victim.logits(changed), labels) + self.confidence
            squared = (changed - origin).square().sum(dim=(1, 2, 3))
            (w.grad,) = torch.autograd.grad((squared + constants * beyond.clamp(min=0)).sum(), w)
            adam.step()
            fools = (beyond < 0).detach()
            nearer = fools & (squared < least).detach()
            best = torch.where(nearer[:, None, None, None], changed.detach(), best)
            least, found = torch.where(nearer, squared.detach(), least), found | fools
        return best, least, found
