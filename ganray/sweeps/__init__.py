"""Sweeps: which settings train best? A sweep file's trials, and the comparison that ends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ganray.cost.spending import Cost
from ganray.errors import RefusedInput
from ganray.plan import Plan, Resources
from ganray.report import Page, Results
from ganray.spec import parse
from ganray.store import Store
from ganray.studies import check_weights, checked_places, open_data, places_of, read_values
from ganray.studies.from_spec import adopt
from ganray.sweeps.pages import page
from ganray.sweeps.plan import SweepPlan
from ganray.sweeps.settings import SweepSettings, check_search


@dataclass(frozen=True)
class Ending:
    """The end of a sweep, to be run as a study is: its plan follows from how the trials ended."""

    sweep: SweepPlan
    planned: Plan

    @property
    def resources(self) -> Resources:
        """What each worker is given."""
        return self.sweep.resources

    @property
    def cost(self) -> Cost:
        """Prices and caps, of which trials have spent their part."""
        return self.sweep.cost

    def plan(self, store: Store | None = None, keep: bool = True) -> Plan:  # noqa: ARG002
        """The comparison of the best two trials on fresh seeds; nothing is read or kept."""
        return self.planned

    def page(self, results: Results) -> Page:
        """The sweep's report."""
        return page(results)


@dataclass(frozen=True)
class SweepFile:
    """A sweep file as it was read: its data may lie where this machine does not see it."""

    settings: SweepSettings

    @property
    def places(self) -> list[str]:
        """The paths and URLs that its data and weights are read from."""
        return places_of(self.settings)

    def plan(self) -> SweepPlan:
        """Its trials; looks at the labels of its data.

        Raises:
            RefusedInput: a package, weights or data are missing, or settings and data do not fit.
        """
        check_search(self.settings.sweep)
        check_weights(self.settings.evaluate.encoders)
        return SweepPlan(self.settings, open_data(self.settings.data))


def read_sweep_file(
    path: str, overrides: Sequence[str] = (), store: str | None = None
) -> SweepFile:
    """Read a sweep file, all as in `read_study`; nothing but it is looked at.

    Raises:
        RefusedInput: as `read_study`.
    """
    values = read_values(path, overrides, "sweep file")
    if "sweep" not in values:
        raise RefusedInput(f"sweep file (={path!r}) has no `sweep:` that says what varies")
    settings = adopt(values, store).read(partial(parse, SweepSettings, where=path))
    return SweepFile(checked_places(settings, path))


def read_sweep(path: str, overrides: Sequence[str] = (), store: str | None = None) -> SweepPlan:
    """Read a sweep file, all as in `read_study`, and look at the labels of its data.

    Raises:
        RefusedInput: as `read_study`, and where settings and data do not fit.
    """
    return read_sweep_file(path, overrides, store).plan()
