"""What stages of attack and defence read: chosen images, the victim, the GANs that defend it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float32, Int64, UInt8
from torch import Tensor

from ganray.data.choosing.strata import stratified
from ganray.latents.projection import Defence
from ganray.models import ModelSpec
from ganray.models.encoders.networks.classifier import ClassifierNetwork
from ganray.models.sampler import Sampler
from ganray.plan import Plan
from ganray.plan.defending import ChosenImages, Defending
from ganray.runs.records.parts import read_joined
from ganray.stages.artifacts import cached, read_embedder, read_sampler
from ganray.stages.stage import image_shape
from ganray.stages.workspace import Workspace, open_dataset
from ganray.store import Manifest, Store
from ganray.train.costs.flops import sampling_flops

Images = Float32[np.ndarray, "n c h w"]


def chosen_images(
    work: Workspace, chosen: ChosenImages
) -> tuple[UInt8[np.ndarray, "n c h w"], Int64[np.ndarray, "n"]]:
    """The images, and their classes' numbers in the data set."""
    return _chosen(*work.dataset_place(), tuple(chosen.classes), chosen.count, chosen.seed)


@lru_cache(maxsize=1)
def _chosen(
    folder: str, digest: str | None, classes: tuple[int, ...], count: int, seed: int
) -> tuple[UInt8[np.ndarray, "n c h w"], Int64[np.ndarray, "n"]]:
    """Kept: a data set is never written twice at one URL."""
    images, labels = open_dataset(folder, digest).images("test", classes)
    rows = stratified(labels, seed, "defence")[:count]
    return images[rows], labels[rows]


def chunk_rows(chosen: ChosenImages, index: int) -> Int64[np.ndarray, "chunk"]:
    """The images of a chunk by their numbers; the last one is filled up with the first images."""
    rows = np.arange(index * chosen.chunk, (index + 1) * chosen.chunk)
    return rows % chosen.count


def as_floats(images: UInt8[np.ndarray, "n c h w"]) -> Images:
    """8-bit pixels in [0, 1], as networks are given them."""
    return torch.from_numpy(images).float().div_(255).numpy()


def shown(work: Workspace, role: str, chosen: ChosenImages) -> Images:
    """The images that an input holds, or the chosen ones as they are where there is no such one."""
    if role not in work.task.inputs:
        return as_floats(chosen_images(work, chosen)[0])
    return read_joined(work.store, work.input(role), "images")["images"]


def victim_of(work: Workspace, images: UInt8[np.ndarray, "n c h w"]) -> ClassifierNetwork:
    """The classifier that the input `embedder` is."""
    network = read_embedder(work, images)
    assert isinstance(network, ClassifierNetwork)
    return network


def read_defence(work: Workspace, told: Defending) -> Defence:
    """The GANs that are the task's inputs, and how they are searched."""
    gans = [work.input(f"gan/{place}") for place in range(len(told.kinds))]
    samplers = [_sampler(work.store, gan, told.model) for gan in gans]
    return Defence(samplers, told.search, told.restarts, told.seed)


@cached(32)
def _sampler(store: Store, gan: Manifest, model: ModelSpec) -> Sampler:
    """Kept for all GANs of a side: every chunk needs each of them."""
    return read_sampler(store, gan, model)


def classified(network: ClassifierNetwork, images: Images) -> Int64[np.ndarray, "n"]:
    """The likeliest class of each image, in chunks of one size, as it is for any other number."""
    chunk, found = 250, []
    for at in range(0, len(images), chunk):
        some = images[at : at + chunk]
        padded = np.zeros((chunk, *images.shape[1:]), dtype=np.float32)
        padded[: len(some)] = some
        with torch.inference_mode():
            logits: Tensor = network.features_and_logits(torch.from_numpy(padded))[1]
        found.append(logits[: len(some)].argmax(dim=1).numpy())
    return np.concatenate(found)


def descent_flops(told: Defending, plan: Plan) -> float:
    """Operations of projecting one image: a step goes forward, and twice that backward."""
    shape = image_shape(plan)
    each = [sampling_flops(shape, told.model, len(kinds)) for kinds in told.kinds]
    return 3.0 * told.search.steps * told.restarts * sum(each)
