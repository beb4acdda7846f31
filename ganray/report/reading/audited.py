"""The searches of a range-space audit: by GAN and variant, and what each of them reaches."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float64

from ganray.metrics.range_space.reach import Rate, Threshold, best, calibrated, reach_curve
from ganray.models.laws.plausibility import plausibility
from ganray.plan import Task
from ganray.plan.parameters import SearchParameters
from ganray.report.reading.results import Results
from ganray.report.reading.searched import KINDS, OWN, Searched, searched

_ROLE = re.compile(r"search/(?P<variant>[^/]+)/(?P<gan>.*)/(?P<replicate>\d+)", re.DOTALL)


def search_role(variant: str, gan: str, replicate: int) -> str:
    """What an audit calls one search.

    Args:
        gan: what the GAN's classes are called.
    """
    return f"search/{variant}/{gan}/{replicate}"


@dataclass(frozen=True)
class Audited:
    """A variant's searches of the GANs of some classes, those of its replicates that are finished.

    Attributes:
        searches: by replicate.
        tasks: of the searches.
        gan: what their classes are called.
        gans: that were searched.
    """

    variant: str
    gan: str
    searches: list[Searched]
    tasks: list[Task]
    gans: list[Task]

    @cached_property
    def kinds(self) -> list[str]:
        """Of its targets, the GAN's own samples first."""
        return [kind for kind in (OWN, *KINDS) if len(self.searches[0].residuals(kind))]

    def thresholds(self, level: float, kind: str = OWN) -> list[Threshold]:
        """Of each replicate, calibrated on its targets of a kind."""
        return [calibrated(best(one.residuals(kind)), level) for one in self.searches]

    def curve(self, kind: str, thresholds: Sequence[float]) -> list[Rate]:
        """The rate at which targets of a kind are reached, by the number of restarts."""
        return reach_curve([one.residuals(kind) for one in self.searches], thresholds)

    def medians(self, kind: str) -> float:
        """The mean over replicates of the median best residual."""
        return float(np.mean([np.median(best(one.residuals(kind))) for one in self.searches]))

    def rows(self, kind: str) -> list[int]:
        """Which targets are of a kind."""
        one = self.searches[0]
        if kind == OWN:
            return list(range(one.probes, len(one.rows)))
        return [index for index, own in enumerate(one.kinds) if own == kind]

    def norms(self, kind: str) -> Float64[np.ndarray, "n"]:
        """‖z‖ of the answers to all replicates' targets of a kind."""
        rows = self.rows(kind)
        return np.array([one.rows[row]["latent_norm"] for one in self.searches for row in rows])

    def plausible(self, kind: str) -> Float64[np.ndarray, "n"]:
        """How plausible these answers' latent vectors are under the prior; see `plausibility`."""
        rows = self.rows(kind)
        return np.concatenate(
            [
                plausibility(SearchParameters.of(task).model.latents, one.arrays["latents"][rows])
                for task, one in zip(self.tasks, self.searches, strict=True)
            ]
        )

    def same_class(self, kind: str) -> Float64[np.ndarray, "n"]:
        """For each target of a kind, in which share of the replicates the classifier takes its
        answer for the class that it takes the target for."""
        rows = self.rows(kind)
        alike = [
            [one.rows[row]["target_class"] == one.rows[row]["answer_class"] for row in rows]
            for one in self.searches
        ]
        return np.asarray(np.mean(np.array(alike, dtype=np.float64), axis=0))

    def reached(self, index: int, thresholds: Sequence[float]) -> Bool[np.ndarray, "n"]:
        """Which targets the searches of one replicate reach, own samples at the end."""
        return best(self.searches[index].arrays["residuals"]) <= thresholds[index]


def audits(results: Results) -> dict[str, list[Audited]]:
    """By the names of the audited GANs' classes, each variant that has a finished search."""
    planned: dict[tuple[str, str], list[str]] = {}
    for role in results.plan.roles:
        if parts := _ROLE.fullmatch(role):
            planned.setdefault((parts["gan"], parts["variant"]), []).append(role)
    found: dict[str, list[Audited]] = {}
    for (gan, variant), roles in planned.items():
        pairs = [(role, one) for role in roles if (one := searched(results, role))]
        if pairs:
            tasks = [results.plan.task(role) for role, _ in pairs]
            trained = [results.plan.by_address[task.inputs["gan"]] for task in tasks]
            joint = trained[0].classes == list(range(len(results.plan.class_names)))
            called = "all classes" if joint and len(trained[0].classes) > 1 else gan
            whole = Audited(variant, called, [one for _, one in pairs], tasks, trained)
            found.setdefault(gan, []).append(whole)
    return found
