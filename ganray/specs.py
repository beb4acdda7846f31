"""What sampling, embedding and searching are told; apart from their code, as that needs torch."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, model_validator

from ganray.errors import RefusedInput, Unused
from ganray.spec import Spec


class SampleSpec(Spec):
    """How samples are drawn; how many is no part of it, since more only continue the sequence."""

    chunk: int = Field(250, ge=1, description="images generated at once; shapes the last bits")
    truncation: float | None = Field(
        None,
        gt=0,
        description="normal latent numbers beyond ± so many deviations are drawn anew; none: not",
    )

    def said_of(self, mixture: str) -> str:
        """What a score's protocol calls samples of this mixture that are drawn so."""
        if self.truncation is None:
            return mixture
        return f"{mixture}, truncated at {self.truncation:g}"


USUAL_SAMPLING = SampleSpec()


class EmbedSpec(Spec):
    """How images are embedded."""

    chunk: int = Field(250, ge=1, description="images embedded at once; shapes the last bits")


Projection = Literal["none", "shell", "ball", "box"]


class SearchSpec(Spec):
    """Defense-GAN's published settings. How many restarts is no part of it: more only add chunks.

    A projection keeps the search to latent vectors that the prior makes likely, of which the
    published search knows nothing.

    The learning rate stays constant: the published schedule never fires, because its step counter
    is never incremented.
    """

    method: Literal["momentum", "lbfgs"] = Field(
        "momentum",
        description="how z descends: as published, or by L-BFGS, which needs fewer steps",
    )
    steps: int = Field(200, ge=1, description="L, gradient steps of each restart")
    learning_rate: float = Field(10.0, gt=0, description="step size of the descent")
    momentum: float = Field(0.7, ge=0, lt=1, description="heavy-ball, not Nesterov")
    initial_variance: float = Field(1 / 128, gt=0, description="of each coordinate of z₀")
    projection: Projection = Field(
        "none", description="of z after each step; shell and ball: of ‖z‖, box: of each number"
    )
    radius: float = Field(1.0, gt=0, description="of shell and ball, in the prior's own √E‖z‖²")
    bound: float = Field(2.0, gt=0, description="of the box, ± so many deviations of the prior")
    stopping: Literal["none", "early_stop", "halving"] = Field(
        "none",
        description="which restarts of a target are given up: none, as published; early_stop: what "
        "cannot win if it falls on as fast as it does; halving: the worse half after 1/8 and 1/4 "
        "of the steps, all but one after 1/2",
    )
    together: int = Field(
        10, ge=2, description="with stopping, restarts of a target that are compared with another"
    )
    chunk: int = Field(40, ge=1, description="(target, restart) pairs searched at once")

    @property
    def group(self) -> int:
        """Restarts of a target that a chunk holds in a row."""
        return 1 if self.stopping == "none" else self.together

    def chunks(self, targets: int, restarts: int) -> int:
        """How many chunks hold so many restarts of so many targets.

        Raises:
            RefusedInput: restarts are compared with each other, and make no whole groups.
        """
        if restarts % self.group:
            raise RefusedInput(f"restarts (={restarts}) {self._of_groups(restarts)}")
        return chunks_for(targets * restarts // self.group, self.chunk // self.group)

    def _of_groups(self, restarts: int) -> str:
        """What numbers of restarts must be, and what to write in place of this one."""
        size, parts = self.together, range(2, self.together)
        smaller = [f" or together: {part}" for part in parts if restarts % part == 0]
        return (
            f"must be a multiple of {self.told('together')}, the restarts that "
            f"{self.told('stopping')} compares; use restarts: {-(-restarts // size) * size}"
            + "".join(smaller[-1:])
        )

    @model_validator(mode="after")
    def _of_whole_groups(self) -> SearchSpec:
        if self.stopping == "none" and self.together != 10:
            beside = self.told("stopping")
            raise Unused("together", self.together, beside, "choose early_stop or halving")
        if self.group > self.chunk:
            raise ValueError(
                f"{self.told('together')} must be at most {self.told('chunk')}, as restarts that "
                f"{self.told('stopping')} compares are searched at once"
            )
        return self

    @model_validator(mode="after")
    def _of_that_method(self) -> SearchSpec:
        for name in ("learning_rate", "momentum", "projection") if self.method == "lbfgs" else ():
            if (value := getattr(self, name)) != SearchSpec.model_fields[name].default:
                raise Unused(name, value, self.told("method"), "choose method momentum")
        return self

    @model_validator(mode="after")
    def _of_that_projection(self) -> SearchSpec:
        used = {"shell": "radius", "ball": "radius", "box": "bound"}.get(self.projection)
        for name, of in (("radius", "shell or ball"), ("bound", "box")):
            value = getattr(self, name)
            if name != used and value != type(self).model_fields[name].default:
                raise Unused(name, value, self.told("projection"), f"choose projection {of}")
        return self


class RestartedSearch(SearchSpec):
    """A search of a file: how each restart goes, and how many there are of each image."""

    restarts: int = Field(10, ge=1, le=10**6, description="R, random starts for each image")

    @property
    def descent(self) -> SearchSpec:
        """The part that shapes each restart."""
        return SearchSpec(**{name: getattr(self, name) for name in SearchSpec.model_fields})

    @model_validator(mode="after")
    def _restarts_make_groups(self) -> RestartedSearch:
        if self.restarts % self.group:
            raise ValueError(f"{self.told('restarts')} {self._of_groups(self.restarts)}")
        return self


class LikelihoodSpec(Spec):
    """Annealed importance sampling, and the windows that stand beside it.

    How many images is no part of it: more only add chunks.
    """

    chains: int = Field(4, ge=1, le=10**4, description="for each image, whose weights are averaged")
    steps: int = Field(
        200, ge=2, le=10**6, description="distributions from prior to posterior, ends included"
    )
    windows: int = Field(
        1000, ge=1, le=10**6, description="samples of each side that Parzen windows stand around"
    )
    chunk: int = Field(10, ge=1, description="images whose chains are moved at once")


class InterpolationSpec(Spec):
    """Ways between latent vectors. How many is no part of it: more only add chunks."""

    frames: int = Field(
        16, ge=3, le=1000, description="images along each way, both ends among them"
    )
    chunk: int = Field(8, ge=1, description="ways that are walked at once; shapes the last bits")


def chunks_for(count: int, chunk: int) -> int:
    """How many fixed chunks hold `count` items."""
    return math.ceil(count / chunk)
