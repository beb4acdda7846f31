"""Using what was trained: generators by URL, and images of a run's GANs as files."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Int64, UInt8
from PIL import Image

from ganray.data.decoding import MAX_BYTES, decode_image
from ganray.data.location import Location, refuse_large
from ganray.data.splits import apportion
from ganray.errors import (
    CorruptArtifact,
    GanrayError,
    RefusedInput,
    StoreError,
    one_line,
    quoted,
)
from ganray.models import trained_generator
from ganray.models.defense_gan import Generator
from ganray.models.spec import ModelSpec
from ganray.names import as_file
from ganray.pipeline.card import read_card
from ganray.pipeline.measuring import read_generator
from ganray.pipeline.workspace import threads
from ganray.plan import Plan, Task, task_seed
from ganray.roles import find_gan, side_gans
from ganray.sample import sample
from ganray.store import Store
from ganray.train.state import deserialise

Images = UInt8[np.ndarray, "n c h w"]


@dataclass(frozen=True)
class Drawn:
    """Images of a run's GANs; `labels` are None where the GAN knows several classes."""

    images: Images
    labels: Int64[np.ndarray, "n"] | None
    class_names: list[str]


def load_generator(url: str) -> Generator:
    """A trained generator as a plain `torch.nn.Module`, from the folder of its card and weights.

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
    model = ModelSpec(**card["model"])
    return trained_generator(model, (channels, height, width), deserialise(weights))


def trained_gan(store: Store, plan: Plan, side: str, name: str, replicate: int) -> Generator:
    """The generator of one GAN of a run, found as by `find_gan`.

    Raises:
        RefusedInput: the run has no such GAN; names those that there are.
        StoreError: it is not trained yet.
    """
    return _generator(store, find_gan(plan, side, name, replicate).task)


def draw_joint(store: Store, plan: Plan, count: int, replicate: int = 0) -> Drawn:
    """The first `count` samples of the joint GAN: those that were measured come first."""
    task = find_gan(plan, "joint", "", replicate).task
    return Drawn(_draw(store, task, count), None, plan.dataset["class_names"])


def draw_marginals(
    store: Store,
    plan: Plan,
    classes: Sequence[str],
    count: int,
    weights: str = "real",
    replicate: int = 0,
) -> Drawn:
    """`count` samples of the marginal GANs of some classes (all, if none is named), GAN by GAN.

    Args:
        classes: names of GANs, as `find_gan` takes them.
        weights: "real" shares `count` out as the training split does, "uniform" equally over
            classes.

    Raises:
        RefusedInput: as `trained_gan`, or `weights` is neither.
    """
    if weights not in ("real", "uniform"):
        raise RefusedInput(f"weights (={weights!r}) must be 'real' or 'uniform'")
    names = list(plan.dataset["class_names"])
    asked = [find_gan(plan, "marginal", name, replicate) for name in classes]
    gans = list({gan.role: gan for gan in asked or side_gans(plan, "marginal", replicate)}.values())
    groups = [gan.classes for gan in gans]
    sizes = plan.dataset["counts"]["train"] if weights == "real" else [1] * len(names)
    shares = apportion(np.array([sum(sizes[k] for k in group) for group in groups]), count)
    images = [_draw(store, gan.task, int(n)) for gan, n in zip(gans, shares, strict=True)]
    known = all(len(group) == 1 for group in groups)
    labels = np.repeat([group[0] for group in groups], shares) if known else None
    return Drawn(np.concatenate(images), labels, names)


def write_png(drawn: Drawn, url: str) -> int:
    """One PNG an image, in a folder for each class where classes are known; how many.

    Folders have the classes' names, as `ganray.names.as_file` writes them.
    """
    root, labels = _target(url), drawn.labels
    for index, image in enumerate(drawn.images):
        folder = root
        if labels is not None:
            folder = root.child(as_file(drawn.class_names[labels[index]]))
        with _create(folder.child(f"{index:06d}.png")) as target:
            target.write(png(image))
    return len(drawn.images)


def write_parquet(drawn: Drawn, url: str) -> int:
    """`samples.parquet` with PNG bytes in `image`, and `label` where classes are known."""
    columns: dict[str, object] = {"image": [png(image) for image in drawn.images]}
    if drawn.labels is not None:
        columns["label"] = drawn.labels
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    with _create(_target(url).child("samples.parquet")) as target:
        target.write(sink.getvalue())
    return len(drawn.images)


def png(image: UInt8[np.ndarray, "c h w"]) -> bytes:
    """PNG bytes of one grey or colour image."""
    sink = io.BytesIO()
    _picture(image).save(sink, format="PNG")
    return sink.getvalue()


def read_image(path: str, shape: tuple[int, int, int]) -> UInt8[np.ndarray, "c h w"]:
    """Any picture file, made grey or colour and resized to the GAN's images.

    Raises:
        RefusedInput: it is missing, no picture, or one that `decode_image` refuses.
    """
    channels, height, width = shape
    where, file = f"image (={quoted(path)})", Path(path)
    try:
        if file.exists() and not file.is_file():  # a pipe would be waited for, a device has no end
            raise RefusedInput(f"{where} is no picture that can be read: it is no file")
        refuse_large(file.stat().st_size, MAX_BYTES, where)
        data = file.read_bytes()
    except RefusedInput:
        raise
    except (OSError, ValueError) as error:
        said = f"{where} is no picture that can be read: {one_line(error)}"
        raise RefusedInput(said) from None
    picture = _picture(decode_image(data, where, formats=None))
    fitted = picture.convert("L" if channels == 1 else "RGB").resize((width, height))
    pixels = np.asarray(fitted, dtype=np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _picture(image: UInt8[np.ndarray, "c h w"]) -> Image.Image:
    return Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))


def _draw(store: Store, task: Task, count: int) -> Images:
    """The sequence that the run measured, and beyond: the same seed and the same chunks."""
    with threads(1):
        seed = task_seed(task.parameters["seed"], "sample", [], 0)
        return sample(_generator(store, task), count, seed)


def _generator(store: Store, task: Task) -> Generator:
    manifest = store.manifest(task.address)
    if manifest is None:
        raise StoreError(f"{task.title} is not trained yet in {store.url}; run its study first")
    return read_generator(store, manifest, ModelSpec(**task.parameters["model"]))


def _read(folder: Location, name: str) -> bytes:
    try:
        return folder.child(name).read()
    except GanrayError as error:
        raise RefusedInput(f"url (={folder.shown!r}) has no readable {name}: {error}") from None


def _target(url: str) -> Location:
    try:
        return Location.of(url)
    except RefusedInput as error:
        raise RefusedInput(f"to: {error}") from None


@contextmanager
def _create(file: Location) -> Iterator[IO[bytes]]:
    try:
        with file.create() as target:
            yield target
    except GanrayError as error:  # it names the URL
        raise RefusedInput(f"to: {error}") from None
