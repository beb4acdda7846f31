"""Metrics: one file each, in the order of this list; pure functions of features and posteriors.

A new metric is a new file and its line here. What several share are statistics that merge
(`moments`), what they are computed from (`features`), and what may be concluded (`intervals`).
"""

from typing import Annotated

from ganray.metrics.classes.class_divergence import ClassDivergence
from ganray.metrics.classes.class_histogram import ClassHistogram
from ganray.metrics.classes.inception_score import InceptionScore
from ganray.metrics.classes.mode_count import ModeCount
from ganray.metrics.classes.real_to_synthetic import RealToSynthetic
from ganray.metrics.classes.synthetic_to_real import SyntheticToReal
from ganray.metrics.classes.two_samples import TwoSamples
from ganray.metrics.density.ddm import Ddm
from ganray.metrics.density.ddm_relative import DdmRelative
from ganray.metrics.density.parzen import Parzen
from ganray.metrics.gaussian.cafd import Cafd
from ganray.metrics.gaussian.frechet_distance import FrechetDistance
from ganray.metrics.metric import Metric
from ganray.metrics.pixels.ms_ssim import MsSsim
from ganray.metrics.pixels.swd import Swd
from ganray.registry import Registry

METRICS: Registry[Metric] = Registry(
    "name",
    Cafd,
    ClassDivergence,
    FrechetDistance,
    InceptionScore,
    ClassHistogram,
    ModeCount,
    TwoSamples,
    SyntheticToReal,
    RealToSynthetic,
    Ddm,
    DdmRelative,
    Parzen,
    Swd,
    MsSsim,
    implied=False,
    others={"fid": "frechet_distance, with inception among evaluate.encoders"},
)
AnyMetric = Annotated[Metric, METRICS]
"""The type of a file's field that names a metric."""

__all__ = [
    "METRICS",
    "AnyMetric",
    "Cafd",
    "ClassDivergence",
    "ClassHistogram",
    "Ddm",
    "DdmRelative",
    "FrechetDistance",
    "InceptionScore",
    "Metric",
    "ModeCount",
    "MsSsim",
    "Parzen",
    "RealToSynthetic",
    "Swd",
    "SyntheticToReal",
    "TwoSamples",
]
