"""Several GANs of one shape trained together on one device."""

from ganray.train.cohorts.cohort import Cohort
from ganray.train.cohorts.fitting import objection

__all__ = ["Cohort", "objection"]
