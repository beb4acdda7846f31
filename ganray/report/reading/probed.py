"""What was found by asking trained GANs: likelihoods of their sides, and ways between vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, UInt8

from ganray.metrics.density.mixed import mixture_log_likelihood
from ganray.metrics.intervals import mean_interval
from ganray.plan.probing import InterpolationParameters, LikelihoodParameters
from ganray.plan.roles import Gan
from ganray.report.reading.results import Results

Numbers = Float64[np.ndarray, "n"]
NEITHER = "neither"
"""Of two sides, where the interval of their difference holds zero."""


@dataclass(frozen=True)
class Likely:
    """How likely the test images are under one side with noise of one σ, in nats.

    Attributes:
        annealed: by annealed importance sampling, bounds from below on average.
        windows: by Parzen windows of the same σ, such bounds, too.
        gaps: of simulated images of all its GANs, the upper bound less the lower one.
    """

    side: str
    sigma: float
    annealed: Numbers
    windows: Numbers
    gaps: Float64[np.ndarray, "m"]


def sigmas(results: Results) -> list[float]:
    """All σ of the plan, in ascending order."""
    told = (LikelihoodParameters.of(one) for one in results.plan.tasks if one.kind == "likelihood")
    return sorted({one.sigma for one in told})


def likely(results: Results, side: str, sigma: float) -> Likely | None:
    """Of a side's first replicate; None while a part of it is missing."""
    gans = _first(results, side)
    found = [rows for gan in gans if (rows := _rows(results, gan, sigma)) is not None]
    shares = _shares(results, gans)
    if not gans or len(found) < len(gans) or shares is None:
        return None

    def mixed(name: str) -> Numbers:
        return mixture_log_likelihood(np.stack([rows[name] for rows in found]), shares)

    gaps = [rows["simulated_upper"] - rows["simulated_lower"] for rows in found]
    return Likely(side, sigma, mixed("lower"), mixed("parzen"), np.concatenate(gaps))


def _first(results: Results, side: str) -> list[Gan]:
    return [gan for gan in results.gans if (gan.side, gan.replicate) == (side, 0)]


def _rows(results: Results, gan: Gan, sigma: float) -> dict[str, np.ndarray] | None:
    for task in results.made_of(gan.task, "likelihood"):
        if LikelihoodParameters.of(task).sigma == sigma:
            return results.rows(task, "likelihood")
    return None


def _shares(results: Results, gans: Sequence[Gan]) -> list[float] | None:
    """How often a sample of the side is each GAN's; None where that is not known yet."""
    uniform = results.plan.settings.get("evaluate", {}).get("mixture") == "uniform"
    clusters = [gan.task.parameters.get("cluster") for gan in gans]
    if None not in clusters and clusters:
        sizes = results.result(results.plan.by_address[gans[0].task.inputs["split"]]).get("sizes")
        if sizes is None:
            return None
        return [1.0 if uniform else float(sizes[index]) for index in clusters]
    counts = results.plan.dataset["counts"]["train"]
    sizes = [1 if uniform else counts[index] for index in range(len(counts))]
    return [float(sum(sizes[index] for index in gan.classes)) for gan in gans]


@dataclass(frozen=True)
class Walked:
    """Ways of one GAN, and of the training images of its classes.

    Attributes:
        numbers: of each way, path and kind: detour and largest share, NaN where there is none.
        frames: the images of the first ways.
    """

    gan: Gan
    encoder: str
    paths: list[str]
    numbers: Float64[np.ndarray, "n p 2"]
    frames: UInt8[np.ndarray, "m p frames c h w"]

    @property
    def called(self) -> str:
        """Its side, and its classes where these are not all."""
        return self.gan.name


def walked(results: Results) -> list[Walked]:
    """The ways of every GAN that are finished, in the plan's order."""
    found = []
    for role, address in results.plan.roles.items():
        task = results.plan.by_address[address]
        if task.kind != "interpolation":
            continue
        told, rows = results.result(task), results.rows(task, "paths")
        gan = next((one for one in results.gans if one.task.address == task.inputs["gan"]), None)
        if rows is not None and gan is not None:
            encoder = role.split("/")[1]
            frames = rows["frames"][: InterpolationParameters.of(task).shown]
            found.append(Walked(gan, encoder, told["paths"], rows["numbers"], frames))
    return found


def order_of(results: Results, sides: Sequence[str], sigma: float) -> dict[str, str]:
    """Who is better at a σ by either estimate, "annealed" and "windows": a side's name or
    `NEITHER`, by the interval of the paired differences; empty while something is missing."""
    found = [one for side in sides if (one := likely(results, side, sigma))]
    if len(found) != 2:
        return {}
    first, second = found
    return {
        "annealed": _better(first, second, first.annealed - second.annealed),
        "windows": _better(first, second, first.windows - second.windows),
    }


def _better(first: Likely, second: Likely, apart: Numbers) -> str:
    found = mean_interval(apart.tolist())
    if found.low is None or found.high is None or found.low <= 0 <= found.high:
        return NEITHER
    return first.side if found.low > 0 else second.side
