"""Which studies there are, and one that is read: what it plans and the page that it makes."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import ModuleType
from typing import Any

from ganray.cost.speed import Speed, recorded_speed, training_device
from ganray.cost.spending import Cost
from ganray.data import DatasetSpec, open_source
from ganray.errors import RefusedInput
from ganray.models.encoders import Classifier, Encoder
from ganray.models.spec import checked_shape
from ganray.plan import Plan, Resources
from ganray.report import Page, Results
from ganray.spec import Spec, groups, unknown_name
from ganray.store import Store
from ganray.studies.parts.data import Data
from ganray.train.algorithms import wants_labels

STUDIES = {
    name: f"ganray.studies.{name}"
    for name in (
        "marginal_vs_joint",
        "budget_curve",
        "rivals",
        "adagan",
        "translation",
        "siblings",
        "range_audit",
        "defence",
        "probing",
        "usefulness",
        "two_gaussians",
        "one_dimension",
        "evaluation",
    )
}
"""What a study is called, and its module; the first is meant where a file names none."""


def places_of(settings: Spec) -> list[str]:
    """The paths and URLs that a file's data and weights are read from."""
    found = (getattr(group, name) for _, group in groups(settings) for name in group.places)
    return [place for place in found if place]


@dataclass(frozen=True)
class Study:
    """A study file, read and validated."""

    module: ModuleType
    settings: Any

    @property
    def resources(self) -> Resources:
        """What each worker is given."""
        return getattr(self.settings, "resources", Resources())

    @property
    def cost(self) -> Cost:
        """Prices and caps."""
        return getattr(self.settings, "cost", Cost())

    @property
    def places(self) -> list[str]:
        """The paths and URLs that its data and weights are read from."""
        return places_of(self.settings)

    @property
    def in_device_seconds(self) -> bool:
        """Whether its budget becomes iterations by a measured speed."""
        budget = getattr(self.settings, "budget", None)
        return budget is not None and budget.unit == "device_seconds"

    def plan(self, store: Store | None = None, keep: bool = True) -> Plan:
        """The study's tasks; reads the labels of its data source, not its images.

        Args:
            store: keeps the speed by which a budget in device-seconds becomes iterations, so that
                each plan of the study comes out alike. Nothing else is written, and nothing at all
                for other budgets.
            keep: whether a speed that the store lacks is written into it.

        Raises:
            RefusedInput: settings, data and ImageNet weights that are missing or do not fit.
            StoreError: the speed cannot be read or written.
        """
        settings = self.settings
        if not hasattr(settings, "data"):
            return self.module.plan(settings)
        other = settings.search.other if hasattr(settings, "search") else None
        data = open_data(settings.data)
        probes = open_data(other, "search.other") if other else None
        if hasattr(settings, "evaluate"):
            check_weights(settings.evaluate.encoders)
        if (split := getattr(settings, "split", None)) is not None:
            check_weights([split.encoder], "split.encoder")
        probe = cache(partial(self._speed, store, data, keep))
        return self.module.plan(settings, data, probes, probe)

    def page(self, results: Results) -> Page:
        """The study's report."""
        page: Page = self.module.page(results)
        return page

    def _speed(self, store: Store | None, data: Data, keep: bool) -> Speed:
        """The speed of the study's GANs, by which device-seconds become iterations."""
        chosen, shape = self.settings, checked_shape(data.info.shape)
        device = training_device(chosen.resources)
        told = wants_labels(chosen.model, chosen.train)
        classes = len(data.info.class_names) if told else 1
        return recorded_speed(store, shape, chosen.model, chosen.train, device, keep, classes)


def study_module(name: str) -> ModuleType:
    """The module of a study; RefusedInput with the nearest name if there is none."""
    if name not in STUDIES:
        raise RefusedInput(f"study: {unknown_name(str(name), list(STUDIES))}")
    return importlib.import_module(STUDIES[name])


def open_data(spec: DatasetSpec, block: str = "data", whole: bool = False) -> Data:
    """What a data source holds and its fingerprint; an imported set keeps its place.

    Args:
        block: of the study file, by which messages name its settings.
        whole: as of `open_source`.

    Raises:
        RefusedInput: as `open_source`, naming the block.
    """
    try:
        source = open_source(spec, whole)
    except RefusedInput as error:
        setting = str(error).partition(" (=")[0] in DatasetSpec.model_fields
        raise RefusedInput(f"{block}{'.' if setting else ': '}{error}") from None
    url = spec.named if source.imported else None
    return Data(source.describe(), source.fingerprint(), url, source.apart)


def check_weights(encoders: Sequence[Encoder], where: str = "evaluate.encoders") -> None:
    """Look at the weights that encoders bring in; else they are found when all is trained.

    Raises:
        RefusedInput: they are missing, or not what the study says.
    """
    for encoder in encoders:
        if not isinstance(encoder, Classifier):
            try:
                encoder.read()
            except RefusedInput as error:
                raise RefusedInput(f"{where}: {encoder.name}: {error}") from None
