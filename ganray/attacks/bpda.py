"""Backward pass differentiable approximation: an attack through the projection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.attacks.attack import Attack, Victim

if TYPE_CHECKING:
    from jaxtyping import Float, Int64
    from torch import Tensor


class Bpda(Attack):
    """Projected gradient steps by the classifier's gradient at the *projected* image.

    Athalye, Carlini and Wagner, arXiv 1802.00420, section 4.1: the projection P is computed as it
    is, and in the backward pass taken for the identity, since P(x) ≈ x. Steps are those of Madry et
    al., arXiv 1706.06083, from the image itself: x moves by s·sign ∇ loss(P(x)), is cut to within ε
    of the image, and the answer is the last x. Each step's projection has starts of its own, so
    that the steps together go by their mean, and not by the defence's own starts, which are
    unknown.
    """

    sees = "defence"
    title = "BPDA"

    name: Literal["bpda"] = Field("bpda", description="the attack")
    epsilon: float = Field(
        0.3, gt=0, le=1, description="change of each pixel of an image in [0, 1], at most"
    )
    step_size: float = Field(0.075, gt=0, le=1, description="change of each pixel in each step")
    iterations: int = Field(10, ge=1, description="steps, of a projection each")

    @property
    def gradients(self) -> int:
        """One for each step."""
        return self.iterations

    @property
    def projections(self) -> int:
        """One for each step."""
        return self.iterations

    def perturb(
        self, victim: Victim, images: Float[Tensor, "n c h w"], labels: Int64[Tensor, "n"]
    ) -> Float[Tensor, "n c h w"]:
        """The attacked images."""
        from ganray.attacks.gradients import ascent, within

        assert victim.defence is not None
        changed = images
        for step in range(self.iterations):
            projected = victim.defence.project(changed, victim.rows, f"bpda/{step}").images
            moved = changed + self.step_size * ascent(victim.logits, projected, labels)
            changed = within(moved, images, self.epsilon)
        return changed
