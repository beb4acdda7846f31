"""What the laboratory is told; free of numerical code, so that files are read fast."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ganray.spec import Spec

Rule = Literal["optimal", "simultaneous", "alternating", "unrolled"]
"""How generator and discriminator move in one iteration (see `gaussians`)."""
Mean = Annotated[float, Field(ge=-10, le=10)]


class Dynamics(Spec):
    """The game of two Gaussians (Madry's lecture, section 2; Li et al., arXiv 1706.09884).

    The data are ½N(μ*₁, 1) + ½N(μ*₂, 1), the generator ½N(μ₁, 1) + ½N(μ₂, 1), and the discriminator
    says "real" within two intervals.
    """

    rule: Rule = Field("simultaneous", description="how both move; optimal: the best intervals")
    steps: int = Field(
        1,
        ge=1,
        le=1000,
        description="discriminator steps of an iteration; of unrolled: those looked ahead",
    )
    rate: float = Field(0.3, gt=0, description="step size of both")
    iterations: int = Field(3000, ge=1, le=10**6, description="generator steps")
    target: tuple[Mean, Mean] = Field((-0.5, 0.5), description="μ*, the data's means")
    near: float = Field(0.1, gt=0, description="success: both means are so near the data's")

    @property
    def title(self) -> str:
        """What people call it."""
        if self.rule == "optimal":
            return "optimal discriminator"
        if self.rule == "unrolled":
            return f"unrolled, {self.steps} steps"
        return self.rule if self.steps == 1 else f"{self.rule}, {self.steps} steps"


class Starts(Spec):
    """Where trajectories begin: means on a grid, intervals by chance."""

    grid: int = Field(10, ge=1, le=1000, description="values of each mean, evenly spaced")
    means: tuple[Mean, Mean] = Field((-1.0, 1.0), description="the least and the greatest of them")
    draws: int = Field(20, ge=1, le=10**6, description="random intervals for each pair of means")
    intervals: tuple[Mean, Mean] = Field((-2.0, 2.0), description="their ends are uniform in this")

    @property
    def count(self) -> int:
        """Trajectories in all."""
        return self.grid**2 * self.draws

    @model_validator(mode="after")
    def _ranges_ascend(self) -> Starts:
        for name in ("means", "intervals"):
            low, high = getattr(self, name)
            if low >= high:
                raise ValueError(f"{name} (={low}, {high}) must go from the lower to the higher")
        return self


class Example(Spec):
    """One trajectory that is shown whole."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9 _-]{0,31}$", description="what it is called")
    dynamics: Dynamics
    means: tuple[Mean, Mean] = Field(description="where the generator begins")
    intervals: tuple[Mean, Mean, Mean, Mean] = Field(
        description="l₁, r₁, l₂, r₂, where the discriminator begins"
    )
    generator: Literal["moves", "fixed"] = Field("moves", description="whether it moves at all")
