"""What a reader should beware of before a score is believed, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ganray.metrics import METRICS
from ganray.models.encoders import ENCODERS, Classifier
from ganray.plan import Plan
from ganray.plan.roles import floors, measurements
from ganray.report.reading.results import Results
from ganray.store import Store

_GREY_PIXELS, _GREY_LEAST = 32, 0.9


@dataclass(frozen=True)
class ClassifierAccuracy:
    """How often the data set's own classifier is right about the test images of the classes."""

    accuracy: float
    images: int
    least: float | None
    scores: tuple[str, ...] = ()

    @classmethod
    def of(cls, results: Results) -> ClassifierAccuracy | None:
        """The classifier that scores rest on; None where it is not there, or none rests on it."""
        roles, own = results.plan.roles, on_classifier()
        if not any(role.startswith(f"embed/{name}/") for role in roles for name in own):
            return None
        names = (one.name for one in measurements(results.plan))
        scores = tuple(dict.fromkeys(n.title for n in names if n.encoder in own))
        for role in _judges(results.plan):
            found = results.result(role)
            if "test_accuracy" in found:
                return cls(found["test_accuracy"], found["test_images"], _least(results), scores)
        return None

    @property
    def _listed(self) -> str:
        return f" ({', '.join(self.scores)})" if self.scores else ""

    @property
    def weak(self) -> bool:
        """Whether it is right less often than is asked of it."""
        return self.least is not None and self.accuracy < self.least

    @property
    def warning(self) -> str:
        """For whoever reads the scores that were made on it; empty where it is not weak."""
        if not self.weak:
            return ""
        return (
            f"Weak ruler: the classifier knows only {_percent(self.accuracy)} of the "
            f"{self.images:,} test images, where {_percent(self.least or 0)} is the least that is "
            f"asked of it. Scores made on it{self._listed} tell little; train it for more "
            "encoder.epochs, or on more images."
        )


def on_classifier() -> list[str]:
    """The encoders that are the data set's own classifier, whichever of its layers they give."""
    return [ENCODERS.word(one) for one in ENCODERS if issubclass(one, Classifier)]


def _judges(plan: Plan) -> list[str]:
    """Who knows the classifier's accuracy: a floor of some classes that on these, and so first."""
    return [*(role for name in on_classifier() for role in floors(plan, name)), "encoder"]


def _least(results: Results) -> float | None:
    """What the plan names, or what any classifier of small grey pictures comes to."""
    named = results.plan.settings.get("evaluate", {}).get("weak_below")
    if named is not None:
        return float(named)
    channels, height, width = results.plan.dataset["shape"]
    return _GREY_LEAST if channels == 1 and max(height, width) <= _GREY_PIXELS else None


def _percent(share: float) -> str:
    """Never rounded up to what it does not reach."""
    return f"{int(share * 1000) / 10:g}%"


def weak_ruler(results: Results) -> str:
    """The warning of a weak classifier; empty where there is nothing to warn of."""
    ruler = ClassifierAccuracy.of(results)
    return ruler.warning if ruler else ""


def few_images(results: Results) -> str:
    """A word on covariances of no more images than dimensions; empty where there are none."""
    told: dict[str, str] = {}
    for one in measurements(results.plan):
        if not METRICS.member(one.name.metric).fits_covariances:
            continue
        found = results.result(one.roles[0])
        n, d = found.get("score", {}).get("protocol", {}).get("count"), found.get("dimensions")
        if n and d and n <= d:
            told[one.name.title] = f"{n:,} images in {d:,} dimensions"
    if not told:
        return ""
    named = "; ".join(f"{title}: {what}" for title, what in told.items())
    return (
        f"Rank-deficient: {named}. Covariances of no more images than dimensions are singular, and "
        "a distance between them is biased upwards by an amount that depends on the number: it "
        "is to be read beside the floor, and never compared with one at another n."
    )


def one_ruler(results: Results) -> str:
    """A word on scores that all rest on one encoder; empty where there are more."""
    encoders = {name.encoder for name in results.measured}
    if len(encoders) != 1:
        return ""
    return (
        f"All scores are on one encoder, {ENCODERS.member(*encoders).title}. Another one may tell "
        "the sides apart in another way: name two or more in evaluate.encoders."
    )


def stored_weakness(store: Store, plan: Plan) -> str:
    """The same for a run in a store, of which nothing else is read.

    Raises:
        StoreError: the store cannot be read.
    """
    addresses = (plan.roles.get(role, "") for role in _judges(plan))
    found = {address: store.manifest(address) for address in addresses if address}
    return weak_ruler(Results(store, plan, {a: one for a, one in found.items() if one}))


def few_replicates(counts: Iterable[int]) -> str:
    """A word on intervals of two replicates; empty where no side has just two.

    Args:
        counts: the replicates of each mean that has an interval.
    """
    if 2 not in set(counts):
        return ""
    return (
        "Two replicates: caution. An interval of two numbers rests on one degree of freedom: "
        "Student’s t is 12.7 there, 4.3 with three replicates and 2.8 with five, and how far the "
        "two happen to lie apart decides its width. Only more replicates tell more."
    )
