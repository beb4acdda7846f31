"""Studies: one file each, with `Settings`, `plan(settings, …)` and `page(results)`.

`study: marginal_vs_joint` in a study file names the Python module; the rest is its settings. Those
have a `name` and a `study`, and of all else what the study needs: `data`, of which `plan` is told
what the source holds, `search.other`, `evaluate`, `resources`, `cost`. One without `data` has
`plan(settings)`.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ganray.cost.speed import Speed, recorded_speed, training_device
from ganray.cost.spending import Cost
from ganray.data import DatasetSpec, open_source
from ganray.errors import RefusedInput, one_line, quoted, refuse_secrets
from ganray.models.encoders import Classifier, Encoder
from ganray.models.spec import checked_shape
from ganray.plan import Plan, Resources
from ganray.report import Page, Results
from ganray.spec import Spec, parse, unknown_name
from ganray.store import Store
from ganray.studies.blocks import Data
from ganray.studies.from_spec import adopt
from ganray.study_yaml import YAMLError, load, what_is_wrong
from ganray.train.algorithms import wants_labels
from ganray.urls import is_url

STUDIES = {
    name: f"ganray.studies.{name}"
    for name in (
        "marginal_vs_joint",
        "budget_curve",
        "rivals",
        "adagan",
        "translation",
        "siblings",
        "two_gaussians",
        "one_dimension",
    )
}
"""What a study is called, and its module; the first is meant where a file names none."""


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
        settings = self.settings
        specs = [getattr(settings, "data", None)]
        specs.append(getattr(getattr(settings, "search", None), "other", None))
        encoders = [*settings.evaluate.encoders] if hasattr(settings, "evaluate") else []
        split = getattr(settings, "split", None)
        encoders += [split.encoder] if split else []
        weights = (getattr(one, name) for one in encoders for name in one.places)
        return [spec.source for spec in specs if spec is not None] + [w for w in weights if w]

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


def read_study(path: str, overrides: Sequence[str] = (), store: str | None = None) -> Study:
    """Read a study file; each override is `dotted.path=value`, its value in YAML.

    Relative paths of data and weights, also in overrides, are relative to the file.

    Args:
        store: URL of the store in which `train: {from: spec/<key>}` is looked up.

    Raises:
        RefusedInput: the file is missing or no mapping, or a name or value in it is not valid.
    """
    values = read_values(path, overrides)
    if "sweep" in values:
        raise RefusedInput(f"study file (={path!r}) holds a sweep: use `ganray sweep`")
    return _study(values, store, path, Path(path).resolve().parent)


def study_from(
    settings: Mapping[str, Any], overrides: Sequence[str] = (), store: str | None = None
) -> Study:
    """The study of settings as a file holds them; relative paths are relative to this folder.

    Args:
        overrides: as of `read_study`, in which `store` is explained as well.

    Raises:
        RefusedInput: a name or value is not valid, or a URL holds credentials.
    """
    values: dict[str, Any] = as_written(settings)
    for override in overrides:
        _set(values, override)
    refuse_secrets("", values)
    return _study(values, store, "settings", Path.cwd())


def as_written(value: Any) -> Any:
    """As a file would hold what Python writes otherwise: specs, paths, tuples, numpy's values."""
    if isinstance(value, Spec):
        return {name: as_written(getattr(value, name)) for name in value.written}
    if isinstance(value, Mapping):
        return {str(name): as_written(inner) for name, inner in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [as_written(inner) for inner in value]
    return str(value) if isinstance(value, Path) else value


def _study(values: dict[str, Any], store: str | None, where: str, folder: Path) -> Study:
    if "sweep" in values:
        raise RefusedInput(f"{where} (a study's) hold a sweep: use `ganray sweep` with a file")
    values = adopt(values, store)
    module = study_module(values.get("study", next(iter(STUDIES))))
    return Study(module, _anchored(parse(module.Settings, values, where), folder))


def read_values(
    path: str, overrides: Sequence[str] = (), kind: str = "study file"
) -> dict[str, Any]:
    """What a YAML file says, with `dotted.path=value` overrides; nothing is checked yet.

    Args:
        kind: what messages call the file.

    Raises:
        RefusedInput: the file is missing or no mapping, or a URL in it holds credentials.
    """
    named = f"{kind} (={quoted(path)})"
    try:
        values = load(Path(path).read_text())
    except FileNotFoundError:
        hint = "docs/sweeps.md shows one" if kind == "sweep file" else "`ganray init` writes one"
        raise RefusedInput(f"{named} does not exist; {hint}") from None
    except (OSError, ValueError) as error:
        raise RefusedInput(f"{named} cannot be read: {one_line(error)}") from None
    except YAMLError as error:
        raise RefusedInput(f"{named} is no YAML: {what_is_wrong(error)}") from None
    if not isinstance(values, dict):
        raise RefusedInput(f"{named} must hold `name: value` lines")
    for override in overrides:
        _set(values, override)
    refuse_secrets("", values)  # a run's plan keeps them, and all who see the store can read it
    return values


def checked_places(settings: Any, path: str) -> Any:
    """The settings with paths of data and weights relative to the file at `path` made absolute.

    Raises:
        RefusedInput: a path cannot be one.
    """
    return _anchored(settings, Path(path).resolve().parent)


def open_data(spec: DatasetSpec, block: str = "data") -> Data:
    """What a data source holds and its fingerprint; an imported set keeps its place.

    Args:
        block: of the study file, by which messages name its settings.

    Raises:
        RefusedInput: as `open_source`, naming the block.
    """
    try:
        source = open_source(spec)
    except RefusedInput as error:
        setting = str(error).partition(" (=")[0] in DatasetSpec.model_fields
        raise RefusedInput(f"{block}{'.' if setting else ': '}{error}") from None
    url = spec.source if source.imported else None
    return Data(source.describe(), source.fingerprint(), url)


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


def _set(values: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals or not path:
        raise RefusedInput(
            f"--set (={quoted(override)}) must be path=value, e.g. budget.iterations=2000"
        )
    if not re.fullmatch(r"[\w.-]+", path):  # a URL with a = in it
        refuse_secrets("--set", override)
    *parents, last = path.split(".")
    for name in parents:
        inner = values.setdefault(name, {})
        if not isinstance(inner, dict):
            raise RefusedInput(f"--set (={quoted(override)}): {name} is no group of settings")
        values = inner
    try:
        values[last] = load(text)
    except YAMLError as error:
        raise RefusedInput(f"--set (={quoted(override)}): {what_is_wrong(error)}") from None


def _anchored(settings: Any, folder: Path) -> Any:
    """Make relative paths of data and weights absolute: a task may run in another folder."""
    places: dict[str, Any] = {}
    if hasattr(settings, "data"):
        places["data"] = _anchor("data", settings.data, folder)
    search, evaluate = getattr(settings, "search", None), getattr(settings, "evaluate", None)
    if search is not None and search.other is not None:
        other = _anchor("search.other", search.other, folder)
        places["search"] = search.model_copy(update={"other": other})
    if evaluate is not None:
        encoders = [_anchor_weights(encoder, folder) for encoder in evaluate.encoders]
        places["evaluate"] = evaluate.model_copy(update={"encoders": encoders})
    if (split := getattr(settings, "split", None)) is not None:
        encoder = _anchor_weights(split.encoder, folder, "split.encoder")
        places["split"] = split.model_copy(update={"encoder": encoder})
    return settings.model_copy(update=places)


def _anchor_weights(encoder: Encoder, folder: Path, where: str = "evaluate.encoders") -> Encoder:
    named = {name: getattr(encoder, name) for name in encoder.places}
    places = {
        name: _absolute(f"{where}: {encoder.name}.{name}", place, folder)
        for name, place in named.items()
        if place is not None
    }
    return encoder.model_copy(update=places)


def _anchor(block: str, spec: DatasetSpec, folder: Path) -> DatasetSpec:
    if spec.source == "embedded":
        return spec
    return spec.model_copy(update={"source": _absolute(f"{block}.source", spec.source, folder)})


def _absolute(argument: str, path: str, folder: Path) -> str:
    if is_url(path):
        return path
    try:
        return str((folder / path).resolve())
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a null byte
        raise RefusedInput(f"{argument} (={path!r}) is no path: {one_line(error)}") from None
