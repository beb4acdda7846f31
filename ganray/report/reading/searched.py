"""The finished range-space searches of a run, as the stage stored them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from ganray.plan import Plan, Task
from ganray.plan.parameters import TargetsParameters
from ganray.report.reading.results import Results

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Searched:
    """One GAN's search: a row for each target, `probes` of them, then its own samples."""

    name: str
    rows: list[dict[str, Any]]
    probes: int
    restarts: int
    arrays: Arrays
    free: int = 0
    """Numbers of the latent vector, where others behind it choose among classes, say; 0: all."""
    role: str = ""
    """What the study calls the search, and below what kind each probe is; see `kinds_of`."""
    kinds: tuple[str, ...] = ()

    @property
    def latent(self) -> int:
        """How many numbers a search could move."""
        return self.free or int(self.arrays["latents"].shape[1])

    def residuals(self, kind: str) -> Float32[np.ndarray, "n restarts"]:
        """Of all restarts for each probe of a kind, or of the GAN's own samples."""
        found: np.ndarray = self.arrays["residuals"]
        if kind == OWN:
            return found[self.probes :]
        return found[np.array([own == kind for own in self.kinds], dtype=bool).nonzero()[0]]

    @property
    def null(self) -> list[float]:
        """Residuals of the GAN's own samples."""
        return [float(row["residual"]) for row in self.rows[self.probes :]]


def searches(results: Results, prefix: str = "search/") -> list[Searched]:
    """Every search that is finished and whose role begins so, in the plan's order."""
    roles = [role for role in results.plan.roles if role.startswith(prefix)]
    return [found for role in roles if (found := searched(results, role)) is not None]


def searched(results: Results, role: str) -> Searched | None:
    """One search; none if it is not finished."""
    arrays = results.arrays(role, "answers.safetensors")
    if arrays is None:
        return None
    result, task = results.result(role), results.plan.task(role)
    return Searched(
        results.plan.by_address[task.inputs["gan"]].title,
        result["rows"],
        result["probes"],
        result["restarts"],
        arrays,
        result.get("free", 0),
        role,
        kinds_of(results.plan, task),
    )


OWN = "own samples"
KINDS = ("in-class", "off-class", "noisy", "noise", "drawings", "other set")
"""Of probes: test images of the GAN's classes and of others, the former with noise, nothing but
noise, drawings, images of another data set."""


def kinds_of(plan: Plan, search: Task) -> tuple[str, ...]:
    """What kind each probe of a search is to its GAN."""
    targets = TargetsParameters.of(plan.by_address[search.inputs["targets"]]).targets
    classes = set(plan.by_address[search.inputs["gan"]].classes)
    return tuple(_kind(name, plan.class_names, classes) for name in targets)


def _kind(name: str, class_names: Sequence[str], classes: set[int]) -> str:
    first, _, rest = name.partition(" ")
    if first == "real":
        return "in-class" if class_names.index(rest) in classes else "off-class"
    alike = {"noisy": "noisy", "other": "other set"}
    return alike.get(first, "noise" if name == "noise" else "drawings")
