"""Studies: one file each, with `Settings`, `plan(settings, …)` and `page(results)`; what these are
made of is in `parts`.

`study: marginal_vs_joint` in a study file names the Python module; the rest is its settings. Those
have a `name` and a `study`, and of all else what the study needs: `data`, of which `plan` is told
what the source holds, `search.other`, `evaluate`, `resources`, `cost`. One without `data` has
`plan(settings)`.
"""

from ganray.studies.reading import as_written, checked_places, read_study, read_values, study_from
from ganray.studies.study import (
    STUDIES,
    Study,
    check_weights,
    open_data,
    places_of,
    study_module,
)

__all__ = [
    "STUDIES",
    "Study",
    "as_written",
    "check_weights",
    "checked_places",
    "open_data",
    "places_of",
    "read_study",
    "read_values",
    "study_from",
    "study_module",
]
