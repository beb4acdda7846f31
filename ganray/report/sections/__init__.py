"""The sections that pages are made of: stored results turned into blocks; none knows a study."""

from ganray.report.sections.certainty import certainty_section
from ganray.report.sections.clusters import clusters_section
from ganray.report.sections.components import components_section
from ganray.report.sections.compute import compute_section
from ganray.report.sections.curve import Stretch, curve_lead, curve_section
from ganray.report.sections.extremes import extremes_section
from ganray.report.sections.image_sets import image_sets_section
from ganray.report.sections.interpolation import interpolation_section
from ganray.report.sections.likelihood import likelihood_lead, likelihood_section
from ganray.report.sections.losses import losses_section
from ganray.report.sections.protocol import protocol_section
from ganray.report.sections.samples import samples_section
from ganray.report.sections.scores import scores_section
from ganray.report.sections.search import search_section
from ganray.report.sections.verdict import verdict, verdict_lead, verdict_section

__all__ = [
    "Stretch",
    "certainty_section",
    "clusters_section",
    "components_section",
    "compute_section",
    "curve_lead",
    "curve_section",
    "extremes_section",
    "image_sets_section",
    "interpolation_section",
    "likelihood_lead",
    "likelihood_section",
    "losses_section",
    "protocol_section",
    "samples_section",
    "scores_section",
    "search_section",
    "verdict",
    "verdict_lead",
    "verdict_section",
]
