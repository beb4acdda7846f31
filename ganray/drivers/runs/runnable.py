"""What a driver can run, and on what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from ganray.cost.spending import Cost
from ganray.plan import Plan, Resources
from ganray.store import Store

if TYPE_CHECKING:
    from ganray.report import Page, Results

Runner = Literal["local", "ray"]


@runtime_checkable
class Runnable(Protocol):
    """A study, or the end of a sweep: what is planned, under which resources, and its report."""

    @property
    def resources(self) -> Resources:
        """What each worker is given."""

    @property
    def cost(self) -> Cost:
        """Prices and caps."""

    def plan(self, store: Store | None = None, keep: bool = True) -> Plan:
        """The tasks, in order."""

    def page(self, results: Results) -> Page:
        """The report of what the store holds of them."""
