"""The finished range-space searches of a run, as the stage stored them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ganray.report.results import Results

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

    @property
    def latent(self) -> int:
        """How many numbers a search could move."""
        return self.free or int(self.arrays["latents"].shape[1])

    @property
    def null(self) -> list[float]:
        """Residuals of the GAN's own samples."""
        return [float(row["residual"]) for row in self.rows[self.probes :]]


def searches(results: Results) -> list[Searched]:
    """Every search that is finished, in the plan's order."""
    found = []
    for role in results.plan.roles:
        arrays = results.arrays(role, "answers.safetensors") if role.startswith("search/") else None
        if arrays is not None:
            result = results.result(role)
            name = results.plan.by_address[results.plan.task(role).inputs["gan"]].title
            found.append(
                Searched(
                    name,
                    result["rows"],
                    result["probes"],
                    result["restarts"],
                    arrays,
                    result.get("free", 0),
                )
            )
    return found
