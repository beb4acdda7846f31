"""Metrics: one file each, in the order of this list; pure functions of features and posteriors.

A new metric is a new file and its line here. What several share are statistics that merge
(`moments`), all pairs block by block (`pairs`) and who is near whom (`nearest`), what they are
computed from (`features`), and what may be concluded (`intervals`).
"""

from typing import Annotated

from ganray.metrics.classes.class_divergence import ClassDivergence
from ganray.metrics.classes.class_histogram import ClassHistogram
from ganray.metrics.classes.inception_infinity import InceptionInfinity
from ganray.metrics.classes.inception_score import InceptionScore
from ganray.metrics.classes.mode_count import ModeCount
from ganray.metrics.classes.real_to_synthetic import RealToSynthetic
from ganray.metrics.classes.synthetic_to_real import SyntheticToReal
from ganray.metrics.classes.two_samples import TwoSamples
from ganray.metrics.copying.auth_pct import AuthPct
from ganray.metrics.copying.birthday_paradox import BirthdayParadox
from ganray.metrics.copying.c_t import CT
from ganray.metrics.copying.copies_p_value import CopiesPValue
from ganray.metrics.copying.covariance_spectrum import CovarianceSpectrum
from ganray.metrics.copying.fld import Fld
from ganray.metrics.copying.nearest_training import NearestTraining
from ganray.metrics.density.ddm import Ddm
from ganray.metrics.density.ddm_relative import DdmRelative
from ganray.metrics.density.parzen import Parzen
from ganray.metrics.gaussian.cafd import Cafd
from ganray.metrics.gaussian.frechet_distance import FrechetDistance
from ganray.metrics.gaussian.frechet_infinity import FrechetInfinity
from ganray.metrics.gaussian.intra_frechet import IntraFrechet
from ganray.metrics.kernel.cmmd import Cmmd
from ganray.metrics.kernel.ken import Ken
from ganray.metrics.kernel.kid import Kid
from ganray.metrics.kernel.rke import Rke
from ganray.metrics.kernel.vendi import Vendi
from ganray.metrics.manifold.clipped_coverage import ClippedCoverage
from ganray.metrics.manifold.clipped_density import ClippedDensity
from ganray.metrics.manifold.coverage import Coverage
from ganray.metrics.manifold.density import Density
from ganray.metrics.manifold.improved_precision import ImprovedPrecision
from ganray.metrics.manifold.improved_recall import ImprovedRecall
from ganray.metrics.manifold.precision import Precision
from ganray.metrics.manifold.recall import Recall
from ganray.metrics.metric import Metric
from ganray.metrics.outliers.tail_frechet import TailFrechet
from ganray.metrics.outliers.worst_distance import WorstDistance
from ganray.metrics.pixels.ms_ssim import MsSsim
from ganray.metrics.pixels.swd import Swd
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
    Kid,
    Cmmd,
    Vendi,
    Rke,
    Ken,
    Precision,
    Recall,
    Density,
    Coverage,
    ImprovedPrecision,
    ImprovedRecall,
    ClippedDensity,
    ClippedCoverage,
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

__all__ = [
    "CT",
    "METRICS",
    "AnyMetric",
    "AuthPct",
    "BirthdayParadox",
    "Cafd",
    "ClassDivergence",
    "ClassHistogram",
    "ClippedCoverage",
    "ClippedDensity",
    "Cmmd",
    "CopiesPValue",
    "CovarianceSpectrum",
    "Coverage",
    "Ddm",
    "DdmRelative",
    "Density",
    "Fld",
    "FrechetDistance",
    "FrechetInfinity",
    "ImprovedPrecision",
    "ImprovedRecall",
    "InceptionInfinity",
    "InceptionScore",
    "IntraFrechet",
    "Ken",
    "Kid",
    "Metric",
    "Mind",
    "ModeCount",
    "MsSsim",
    "NearestTraining",
    "Parzen",
    "Precision",
    "RealToSynthetic",
    "Recall",
    "Rke",
    "Swd",
    "SyntheticToReal",
    "TailFrechet",
    "TwoSamples",
    "Vendi",
    "Wasserstein",
    "WorstDistance",
]
