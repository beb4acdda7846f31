"""Metrics: one file each, in the order of this list; pure functions of features and posteriors.

A new metric is a new file and its line here. What several share are statistics that merge
(`moments`), what they are computed from (`features`), and what may be concluded (`intervals`).
"""

from typing import Annotated

from ganray.metrics.classes.class_divergence import ClassDivergence
from ganray.metrics.classes.inception_infinity import InceptionInfinity
from ganray.metrics.classes.inception_score import InceptionScore
from ganray.metrics.gaussian.cafd import Cafd
from ganray.metrics.gaussian.frechet_distance import FrechetDistance
from ganray.metrics.gaussian.frechet_infinity import FrechetInfinity
from ganray.metrics.gaussian.intra_frechet import IntraFrechet
from ganray.metrics.metric import Metric
from ganray.metrics.outliers.tail_frechet import TailFrechet
from ganray.metrics.outliers.worst_distance import WorstDistance
from ganray.metrics.transport.mind import Mind
from ganray.metrics.transport.wasserstein import Wasserstein
from ganray.registry import Registry

METRICS: Registry[Metric] = Registry(
    "name",
    Cafd,
    ClassDivergence,
    FrechetDistance,
    InceptionScore,
    FrechetInfinity,
    InceptionInfinity,
    IntraFrechet,
    Mind,
    Wasserstein,
    TailFrechet,
    WorstDistance,
    implied=False,
    others={"fid": "frechet_distance, with inception among evaluate.encoders"},
)
AnyMetric = Annotated[Metric, METRICS]
"""The type of a file's field that names a metric."""

__all__ = ["METRICS", "AnyMetric", "Cafd", "ClassDivergence", "FrechetDistance", "FrechetInfinity",
           "InceptionInfinity", "InceptionScore", "IntraFrechet", "Metric", "Mind", "TailFrechet",
           "Wasserstein", "WorstDistance"]  # fmt: skip
