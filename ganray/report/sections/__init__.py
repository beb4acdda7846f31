"""The sections that pages are made of: stored results turned into blocks; none knows a study."""

from ganray.report.sections.comparing.certainty import certainty_section
from ganray.report.sections.comparing.curve import Stretch, curve_lead, curve_section
from ganray.report.sections.comparing.scores import scores_section
from ganray.report.sections.comparing.verdict import verdict, verdict_lead, verdict_section
from ganray.report.sections.images.clusters import clusters_section
from ganray.report.sections.images.components import components_section
from ganray.report.sections.images.extremes import extremes_section
from ganray.report.sections.images.image_sets import image_sets_section
from ganray.report.sections.images.samples import samples_section
from ganray.report.sections.provenance.compute import compute_section
from ganray.report.sections.provenance.losses import losses_section
from ganray.report.sections.provenance.protocol import protocol_section
from ganray.report.sections.searching.interpolation import interpolation_section
from ganray.report.sections.searching.likelihood import likelihood_lead, likelihood_section
from ganray.report.sections.searching.search import search_section

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
