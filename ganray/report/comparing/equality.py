"""Under which equality of training the sides of a study are compared, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ganray.plan.roles import Gan
from ganray.report.reading.results import Results
from ganray.text.wording import duration, quantity

_NAMES = {
    "iterations": "iterations",
    "images": "real images",
    "flops": "compute",
    "device_seconds": "device time",
}


def equality(results: Results) -> str:
    """What was equal and what was not, in a sentence; empty for a study that has no budget."""
    budget = results.plan.settings.get("budget", {})
    known = any(budget.get(unit) is not None for unit in _NAMES)
    return Equality.of(results).sentence if known else ""


@dataclass(frozen=True)
class Equality:
    """What was equal: `amount` of `unit` for each GAN (`per` "gan") or for each side ("side").

    `iterations` has those of each GAN of replicate 0, by side. Where the sides' iterations are not
    alike, `seen` has the real images and the operations that each side has had in all, as far as
    its GANs are trained.
    """

    unit: str
    amount: float
    per: str
    iterations: dict[str, list[int]]
    seconds_per_iteration: float | None = None
    seen: dict[str, tuple[int, float]] | None = None

    @classmethod
    def of(cls, results: Results) -> Equality:
        """What the plan of these results says."""
        budget: dict[str, Any] = results.plan.settings.get("budget", {})
        unit = next(unit for unit in _NAMES if budget.get(unit) is not None)
        ends: dict[str, list[int]] = {}
        gans = [gan for gan in results.gans if gan.replicate == 0]
        for gan in gans:
            ends.setdefault(gan.side, []).append(gan.task.horizon or 0)
        speed = (results.plan.speed or {}).get("seconds_per_iteration")
        told = [[gan.task.parameters[group] for group in ("model", "train")] for gan in gans]
        seen = None if all(one == told[0] for one in told) else _seen(results, gans)
        return cls(unit, float(budget[unit]), budget.get("per", "gan"), ends, speed, seen)

    @property
    def short(self) -> str:
        """E.g. `equal iterations for each GAN: 360`."""
        who = "GAN" if self.per == "gan" else "side"
        return f"equal {_NAMES[self.unit]} for each {who}: {self._amount}"

    @property
    def sentence(self) -> str:
        """The same with each side's iterations, and what it leaves unequal."""
        return f"Compared at {self.short}{self._iterations}; {self._totals}."

    @property
    def _amount(self) -> str:
        if self.unit == "flops":
            return quantity(self.amount, "FLOP")
        if self.unit == "device_seconds":
            speed = self.seconds_per_iteration
            measured = f", at a measured {speed:.3g} s an iteration" if speed else ""
            return duration(self.amount) + measured
        return f"{self.amount:,.0f}"

    @property
    def _iterations(self) -> str:
        if self.unit == "iterations" and self.per == "gan":
            return ""
        if len({end for ends in self.iterations.values() for end in ends}) == 1:
            return f" ({span(next(iter(self.iterations.values())))} iterations each)"
        parts = [f"{side} {span(ends)}" for side, ends in self.iterations.items()]
        return f" (iterations of each GAN: {', '.join(parts)})"

    @property
    def _totals(self) -> str:
        if self.seen is not None:
            images = ", ".join(f"{side} {seen:,}" for side, (seen, _) in self.seen.items())
            flops = ", ".join(
                f"{side} {quantity(done, 'FLOP')}" for side, (_, done) in self.seen.items()
            )
            return (
                "the sides are not of the same networks and algorithm, so that iterations do not "
                f"compare; in all, real images seen: {images or 'none yet'}; operations of "
                f"training: {flops or 'none yet'}"
            )
        totals = {side: sum(ends) for side, ends in self.iterations.items()}
        if len(set(totals.values())) <= 1:
            every = "both" if len(totals) <= 2 else "all"
            return f"{every} sides have had the same images and compute in all"
        (least, fewer), (most, more) = (
            pick(totals.items(), key=lambda item: item[1]) for pick in (min, max)
        )
        return (
            f"in all, the {most} side ({_gans(self.iterations[most])}) has had "
            f"{more / fewer:.3g} times the images and compute of the {least} side "
            f"({_gans(self.iterations[least])})"
        )


def _seen(results: Results, gans: Sequence[Gan]) -> dict[str, tuple[int, float]]:
    found: dict[str, tuple[int, float]] = {}
    for gan in gans:
        trained = results.result(gan.role)
        images, flops = found.get(gan.side, (0, 0.0))
        if trained:
            found[gan.side] = images + trained["images_seen"], flops + trained["flops"]
    return found


def span(values: Sequence[int]) -> str:
    """`360`, or `360–361` where they differ."""
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def _gans(ends: Sequence[int]) -> str:
    return f"{len(ends)} GAN{'' if len(ends) == 1 else 's'}"
