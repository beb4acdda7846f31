"""Metrics: one file each, in the order of this list; pure functions of features and posteriors.

A new metric is a new file and its line here. What several share are statistics that merge
(`moments`), what they are computed from (`features`), and what may be concluded (`intervals`).
"""

from typing import Annotated

from ganray.metrics.classes.class_divergence import ClassDivergence
from ganray.metrics.classes.inception_score import InceptionScore
from ganray.metrics.copying.auth_pct import AuthPct
from ganray.metrics.copying.birthday_paradox import BirthdayParadox
from ganray.metrics.copying.c_t import CT
from ganray.metrics.copying.copies_p_value import CopiesPValue
from ganray.metrics.copying.covariance_spectrum import CovarianceSpectrum
from ganray.metrics.copying.fld import Fld
from ganray.metrics.copying.nearest_training import NearestTraining
from ganray.metrics.gaussian.cafd import Cafd
from ganray.metrics.gaussian.frechet_distance import FrechetDistance
from ganray.metrics.metric import Metric
from ganray.registry import Registry

METRICS: Registry[Metric] = Registry(
    "name",
    Cafd,
    ClassDivergence,
    FrechetDistance,
    InceptionScore,
    NearestTraining,
    CT,
    AuthPct,
    Fld,
    CopiesPValue,
    BirthdayParadox,
    CovarianceSpectrum,
    implied=False,
    others={"fid": "frechet_distance, with inception among evaluate.encoders"},
)
AnyMetric = Annotated[Metric, METRICS]
"""The type of a file's field that names a metric."""

__all__ = ["CT", "METRICS", "AnyMetric", "AuthPct", "BirthdayParadox", "Cafd", "ClassDivergence",
           "CopiesPValue", "CovarianceSpectrum", "Fld", "FrechetDistance", "InceptionScore",
           "Metric", "NearestTraining"]  # fmt: skip
