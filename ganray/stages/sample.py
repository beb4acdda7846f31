"""Images of a GAN, by their index in its sequence."""

from __future__ import annotations

import numpy as np

from ganray.models import MODELS
from ganray.sample import sample_chunk
from ganray.specs import SampleSpec
from ganray.stages.artifacts import chunk_arrays, read_sampler
from ganray.stages.workspace import Workspace
from ganray.tensors import pack


def sample_images_chunk(work: Workspace, index: int) -> None:
    """Generate and commit one chunk of a GAN's samples."""
    parameters = work.task.parameters
    model = MODELS.parse(parameters["model"], "model")
    sampler = read_sampler(work.store, work.input("gan"), model)
    images = sample_chunk(sampler, SampleSpec(**parameters["sample"]), parameters["seed"], index)
    work.commit({"images.safetensors": pack({"images": images})}, {}, chunk=index)


def sample_images(work: Workspace) -> None:
    """Put the chunks together: the first `horizon` images of the sequence."""
    parts = [part["images"] for part in chunk_arrays(work, "images.safetensors")]
    images = np.concatenate(parts)[: work.task.horizon]
    work.commit({"images.safetensors": pack({"images": images})}, {"count": len(images)})
