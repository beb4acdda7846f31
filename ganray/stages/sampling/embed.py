"""Features of images: of a split of the data set, or of samples."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Int64, UInt8

from ganray.data import Split
from ganray.data.spec import SPLITS
from ganray.embed import embed_chunk
from ganray.models.encoders import ENCODERS, Classifier, Encoder
from ganray.plan import Plan, Task
from ganray.plan.parameters import EmbedParameters, EncoderParameters, WeightsParameters
from ganray.randomness import permutation
from ganray.runs.records.parts import Arrays
from ganray.stages.artifacts import read_embedder, read_images, shards
from ganray.stages.needs import image_bytes, made_memory, rows_memory, split_memory
from ganray.stages.stage import FLOAT_BYTES, Cost, Stage, Timed, blank, image_shape
from ganray.stages.workspace import Workspace, open_dataset
from ganray.train.costs.flops import EmbeddingSize, embedding_size
from ganray.train.costs.memory import embedding_memory


def embed_images_chunk(work: Workspace, index: int) -> Arrays:
    """The features and probabilities of one chunk of images."""
    told = EmbedParameters.of(work.task)
    rows = slice(index * told.embed.chunk, (index + 1) * told.embed.chunk)
    images, labels = _images(work, told)
    embedder = read_embedder(work, images[rows], told.layer)
    part = embed_chunk(embedder, images[rows], told.embed)
    found = {"features": part.features, "probabilities": part.probabilities}
    if told.labelled is None or labels is None:
        return found
    return found | {"labels": np.asarray(told.labelled)[labels[rows]]}


def embed_images(work: Workspace) -> None:
    """Name the shards, in the order of the images."""
    parts = shards(work)
    count = sum(int(part.result["rows"]) for part in parts)
    files = tuple(file for part in parts for file in part.files)
    work.commit({}, {"count": count}, stored=files)


def _images(
    work: Workspace, told: EmbedParameters
) -> tuple[UInt8[np.ndarray, "n c h w"], Int64[np.ndarray, "n"] | None]:
    """Images, and the class of each where they are a data set's."""
    if "images" in work.task.inputs:
        return read_images(work.store, work.input("images")), None
    assert told.split is not None  # a task without images as its input is of a split
    splits: tuple[Split, ...] = SPLITS if told.split == "all" else (told.split,)
    return _splits(*work.dataset_place(), splits, told.drawn)


@lru_cache(maxsize=1)
def _splits(
    folder: str, digest: str | None, splits: tuple[Split, ...], drawn: int | None
) -> tuple[UInt8[np.ndarray, "n c h w"], Int64[np.ndarray, "n"]]:
    """Kept, too: a data set is never written twice at one URL."""
    dataset = open_dataset(folder, digest)
    images, labels = zip(*map(dataset.images, splits), strict=True)
    every = (images[0], labels[0])  # the usual, which is not copied
    if len(splits) > 1:
        every = (np.concatenate(images), np.concatenate(labels))
    if drawn is None:
        return every
    order = permutation(0, "drawn", 0, len(every[0]))[:drawn]
    return every[0][order], every[1][order]


def encoder_of(task: Task, plan: Plan) -> Encoder:
    """The encoder on which a task embeds or measures."""
    embedder = plan.by_address[task.inputs["embedder"]]
    if embedder.kind != "encoder":
        return WeightsParameters.of(embedder).encoder
    # The network says how it is trained, and the task which of its layers are the features.
    form = EncoderParameters.of(embedder).encoder.network
    return _own_encoder(task).formed(form)


def _own_encoder(task: Task) -> Classifier:
    if task.kind != "embed":
        named = ENCODERS.member(task.parameters["encoder"])  # of scores of any kind
        assert issubclass(named, Classifier)
        return named()
    layer = EmbedParameters.of(task).layer
    own = (one for one in ENCODERS if issubclass(one, Classifier))
    return next(one for one in own if one.layer == layer)()


def embedding_of(task: Task, plan: Plan) -> EmbeddingSize:
    """What the network of such a task makes of an image."""
    classes = len(plan.dataset["class_names"])
    return embedding_size(encoder_of(task, plan), image_shape(plan), classes)


def embedding_of_split(task: Task, plan: Plan) -> EmbeddingSize:
    """What the network made of an image whose `features` a task is given."""
    return embedding_of(plan.by_address[task.inputs["features"]], plan)


def embedded_memory(task: Task, role: str, plan: Plan) -> int:
    """The features that a task is given as an input, if it is; those of full chunks."""
    if role not in task.inputs:
        return 0
    made = plan.by_address[task.inputs[role]]
    network, chunk = embedding_of(made, plan), EmbedParameters.of(made).embed.chunk
    return rows_memory(made.chunks * chunk, network.dimensions, network.classes)


def _cost(task: Task, plan: Plan) -> Cost:
    """Its bytes are the chunks'."""
    count, network = task.chunks * EmbedParameters.of(task).embed.chunk, embedding_of(task, plan)
    size = count * (network.dimensions + network.classes) * FLOAT_BYTES
    return Cost(count * network.flops, size)


def _timed(task: Task, plan: Plan, _: str) -> Timed:
    """A chunk on the data set's own classifier; one image on a network that does much."""
    spec, encoder = EmbedParameters.of(task).embed, encoder_of(task, plan)
    shape = image_shape(plan)
    network = encoder.network(shape, len(plan.dataset["class_names"]))
    short = spec if isinstance(encoder, Classifier) else spec.model_copy(update={"chunk": 1})
    images, part = blank(shape, short.chunk), short.chunk / (spec.chunk * task.chunks)
    return Timed(lambda: embed_chunk(network, images, short), part)


# Of several networks on which images are embedded each is timed: speeds are not alike.


def _memory(task: Task, plan: Plan) -> int:
    """The network with a chunk of images, all images of the split, and a shard's features."""
    told, classes = EmbedParameters.of(task), len(plan.dataset["class_names"])
    encoder, chunk = encoder_of(task, plan), told.embed.chunk
    if "images" in task.inputs:
        held = made_memory(task.inputs["images"], plan)
    else:
        held = split_memory(task, plan, told.split or "all")
    network, shard = embedding_of(task, plan), max(map(len, task.shards), default=0)
    found = shard * chunk * (network.dimensions + network.classes) * FLOAT_BYTES
    given = chunk * image_bytes(plan) * (1 + FLOAT_BYTES)
    shape = image_shape(plan)
    return held + given + 3 * found + embedding_memory(encoder, shape, classes, chunk)


STAGE = Stage(
    embed_images,
    embed_images_chunk,
    "embedding",
    memory=_memory,
    cost=_cost,
    timed=_timed,
    alike=lambda task, plan: encoder_of(task, plan).name,
)
