"""Using what was trained: generators by URL, and images of a run's GANs as files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from ganray.data.choosing.splits import apportion
from ganray.data.location import Location
from ganray.data.pictures.files import Drawn
from ganray.data.spec import Pictures
from ganray.errors import (
    CorruptArtifact,
    GanrayError,
    RefusedInput,
    StoreError,
)
from ganray.models import MODELS
from ganray.models.laws.paths import Path
from ganray.models.sampler import Sampler, trained_sampler
from ganray.plan import Plan, Task, task_seed
from ganray.plan.parameters import MixParameters, SampleParameters
from ganray.plan.roles import Gan, chosen_side, find_gan, gan_called, side_gans
from ganray.process.numerics import threads
from ganray.runs.records.inputs import dataset_location
from ganray.sample import interpolate, mix, sample
from ganray.spec import parse
from ganray.specs import SampleSpec
from ganray.stages.artifacts import read_sampler, source_images
from ganray.stages.training.card import read_card
from ganray.store import Store
from ganray.tensors import deserialise


def load_generator(url: str) -> Sampler:
    """A trained GAN as a `torch.nn.Module` from noise to images, from its card and weights' folder.

    It is on the CPU, in evaluation mode and with frozen parameters.

    Args:
        url: a folder or any URL that fsspec opens, holding `README.md` and
            `generator.safetensors`: a card artifact's, as the report names it.

    Raises:
        RefusedInput: there is no card at `url`.
        CorruptArtifact: the weights are not those that the card names.
    """
    folder = Location.of(url)
    card = read_card(_read(folder, "README.md").decode())
    weights = _read(folder, "generator.safetensors")
    found, wanted = hashlib.sha256(weights).hexdigest(), card["weights"]["sha256"]
    if found != wanted:
        raise CorruptArtifact(
            f"{folder.shown}/generator.safetensors: sha256 {found}, expected {wanted}"
        )
    channels, height, width = card["shape"]
    model = MODELS.parse(card["model"], "model")
    classes = tuple(card.get("class_counts", (1,)))
    return trained_sampler(model, (channels, height, width), deserialise(weights), classes)


def trained_gan(store: Store, plan: Plan, name: str, replicate: int) -> Sampler:
    """One GAN of a run, by the name that `gan_called` knows.

    Raises:
        RefusedInput: the run has no such GAN; names those that there are.
        StoreError: it is not trained yet.
    """
    return _sampler(store, gan_called(plan, name, replicate).task)


def draw(
    store: Store,
    plan: Plan,
    count: int,
    side: str | None = None,
    classes: Sequence[str] = (),
    weights: str = "real",
    replicate: int = 0,
    truncation: float | None = None,
) -> Drawn:
    """The first `count` samples of some GANs of a side, GAN by GAN; measured ones come first.

    Args:
        side: as the study calls it; none: the first that it compares.
        classes: names of GANs, as `find_gan` takes them; none: all of the side.
        weights: "real" shares `count` out as the training split does, "uniform" equally over
            classes.
        truncation: normal latent numbers beyond ± so many deviations are drawn anew; none: as the
            study has it.

    Raises:
        RefusedInput: the run has no such side, GAN or replicate, `weights` is neither, or latent
            vectors are to be truncated that are not normal.
        StoreError: one is not trained yet.
    """
    if weights not in ("real", "uniform"):
        raise RefusedInput(f"weights (={weights!r}) must be 'real' or 'uniform'")
    names, gans = plan.class_names, chosen_gans(plan, side, classes, replicate)
    if any(gan.task.portion for gan in gans):
        return Drawn(_mixed(store, plan, gans, count, weights, truncation), None, names)
    groups = [gan.classes for gan in gans]
    sizes = plan.dataset["counts"]["train"] if weights == "real" else [1] * len(names)
    shares = apportion(np.array([sum(sizes[k] for k in group) for group in groups]), count)
    images = [
        _draw(store, plan, gan.task, int(n), truncation)
        for gan, n in zip(gans, shares, strict=True)
    ]
    known = all(len(group) == 1 for group in groups)
    labels = np.repeat([group[0] for group in groups], shares) if known else None
    return Drawn(np.concatenate(images), labels, names)


def chosen_gans(
    plan: Plan, side: str | None, classes: Sequence[str] = (), replicate: int = 0
) -> list[Gan]:
    """Some GANs of a side, each once; arguments and errors as of `draw`."""
    side = chosen_side(plan, side)
    asked = [find_gan(plan, side, name, replicate) for name in classes]
    return list({gan.role: gan for gan in asked or side_gans(plan, side, replicate)}.values())


def draw_ways(
    store: Store,
    plan: Plan,
    gan: Gan,
    count: int,
    steps: int,
    path: Path | None = None,
    truncation: float | None = None,
) -> UInt8[np.ndarray, "count steps c h w"]:
    """Images on the ways from each of a GAN's first samples to the next one, as `interpolate`.

    Args:
        truncation: as of `draw`.

    Raises:
        RefusedInput: latent vectors are to be truncated that are not normal.
        StoreError: it is not trained yet.
    """
    sampler = _sampler(store, gan.task)
    if sampler.model.of_images:
        raise RefusedInput(f"GAN (={gan.name!r}) is given images, and has no latent vectors")
    spec, seed = _sequence(plan, gan.task, truncation)
    with threads(1):
        return interpolate(sampler, count, steps, seed, path, spec.truncation)


def _mixed(
    store: Store,
    plan: Plan,
    gans: Sequence[Gan],
    count: int,
    weights: str,
    truncation: float | None,
) -> UInt8[np.ndarray, "n c h w"]:
    """Of a mixture: of all its GANs the sequence that the run measured, and beyond."""
    mixture = plan.mixture_of(gans[0].task)
    if mixture is None:  # such a plan is of another release
        raise StoreError(f"{gans[0].task.title} is measured in no mixture of {plan.run}")
    told, shares = MixParameters.of(mixture), [1.0] * len(gans)
    if weights == "real":
        known = told.shares or [float(size) for size in _sizes(store, mixture)]
        places = [mixture.members.index(gan.task.address) for gan in gans]
        shares = [known[place] for place in places]
    samplers = [_sampler(store, gan.task) for gan in gans]
    with threads(1):
        return mix(samplers, shares, count, told.seed, _bounded(told.sample, truncation))


def _sizes(store: Store, mixture: Task) -> list[int]:
    manifest = store.manifest(mixture.inputs["split"])
    if manifest is None:
        raise StoreError(f"the clusters are not found yet in {store.url}; run the study first")
    sizes: list[int] = manifest.result["sizes"]
    return sizes


def _draw(
    store: Store, plan: Plan, task: Task, count: int, truncation: float | None
) -> UInt8[np.ndarray, "n c h w"]:
    """The sequence that the run measured, and beyond: the same seed and the same chunks."""
    sampler = _sampler(store, task)
    if sampler.model.of_images:  # as the run first measured it
        (first, *_) = (one for one in plan.following(task) if one.kind == "sample")
        told = SampleParameters.of(first)
        place = dataset_location(store, first.inputs["data"], plan.dataset.get("url"))
        made = trained_sampler(told.model, sampler.shape, sampler.tensors(), sampler.classes)
        sampler = made.of(*source_images(place, None, told))
    spec, seed = _sequence(plan, task, truncation)
    with threads(1):
        return sample(sampler, count, seed, spec)


def _sequence(plan: Plan, task: Task, truncation: float | None) -> tuple[SampleSpec, int]:
    """How the run drew a GAN's samples, and from which seed; with another bound, where asked."""
    told = [one for one in plan.dependents.get(task.address, []) if one.kind == "sample"]
    spec = SampleParameters.of(told[0]).sample if told else SampleSpec()
    return _bounded(spec, truncation), task_seed(task.parameters["seed"], "sample", [], 0)


def _bounded(spec: SampleSpec, truncation: float | None) -> SampleSpec:
    if truncation is None:
        return spec
    return parse(SampleSpec, spec.model_dump() | {"truncation": truncation}, "sample")


def background_of(plan: Plan) -> tuple[int, int, int] | None:
    """What a run lays transparent pictures on: red, green and blue; none where it refuses them."""
    told = plan.settings.get("data") or {}
    return parse(Pictures, {"background": told.get("background")}, "data").reading.background


def _sampler(store: Store, task: Task) -> Sampler:
    manifest = store.manifest(task.address)
    if manifest is None:
        raise StoreError(f"{task.title} is not trained yet in {store.url}; run its study first")
    # The networks alone: by which algorithm they were trained need not be known here.
    return read_sampler(store, manifest, MODELS.parse(task.parameters["model"], "model"))


def _read(folder: Location, name: str) -> bytes:
    try:
        return folder.child(name).read()
    except GanrayError as error:
        raise RefusedInput(f"url (={folder.shown!r}) has no readable {name}: {error}") from None
