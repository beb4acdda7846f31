"""Images as picture files: written one by one or as Parquet, and read from any picture."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Int64, UInt8
from PIL import Image

from ganray.data.formats.layout import NAMES_FILE
from ganray.data.location import Location, refuse_large
from ganray.data.pictures.decoding import MAX_BYTES, Colour, decode_image
from ganray.data.rows import is_class_name
from ganray.errors import GanrayError, RefusedInput, one_line, quoted
from ganray.text.names import as_file

Images = UInt8[np.ndarray, "n c h w"]


@dataclass(frozen=True)
class Drawn:
    """Images of a run's GANs; `labels` are None where the GAN knows several classes."""

    images: Images
    labels: Int64[np.ndarray, "n"] | None
    class_names: list[str]

    @property
    def named(self) -> list[str]:
        """The classes that there are images of, where they are known."""
        return [] if self.labels is None else [self.class_names[k] for k in np.unique(self.labels)]


def write_png(drawn: Drawn, url: str) -> int:
    """One PNG an image, in a folder for each class where classes are known; how many.

    Folders have the classes' names, as `ganray.text.names.as_file` writes them, and
    `class_names.json` says which is which. Opened as a source, these are the same classes.
    """
    root, labels = _target(url), drawn.labels
    folders = {name: as_file(name) for name in drawn.named}
    for index, image in enumerate(drawn.images):
        folder = root
        if labels is not None:
            folder = root.child(folders[drawn.class_names[labels[index]]])
        with _create(folder.child(f"{index:06d}.png")) as target:
            target.write(png(image))
    names = {folder: name for name, folder in folders.items() if is_class_name(name)}
    if names:
        with _create(root.child(NAMES_FILE)) as target:
            target.write(json.dumps({"class_names": names}, indent=1).encode())
    return len(drawn.images)


def write_parquet(drawn: Drawn, url: str) -> int:
    """`samples.parquet` with PNG bytes in `image`, and `label` where classes are known.

    Labels are numbers among the classes that there are images of, whose names are in the metadata.
    """
    columns: dict[str, object] = {"image": [png(image) for image in drawn.images]}
    metadata = {}
    if drawn.labels is not None:
        known, columns["label"] = np.unique(drawn.labels, return_inverse=True)
        names = [drawn.class_names[label] for label in known]
        metadata["class_names"] = json.dumps(names)
    sink = io.BytesIO()
    table = pa.table(columns).replace_schema_metadata(metadata)
    pq.write_table(table, sink, compression="zstd")
    with _create(_target(url).child("samples.parquet")) as target:
        target.write(sink.getvalue())
    return len(drawn.images)


def write_sheet(rows: UInt8[np.ndarray, "n m c h w"], url: str, name: str) -> str:
    """One PNG of n rows of m images each, in a folder; its name there."""
    return write_file(png(joined(rows)), url, name)


def write_file(data: bytes, url: str, name: str) -> str:
    """A file in a folder; its name there."""
    with _create(_target(url).child(name)) as target:
        target.write(data)
    return name


def joined(rows: UInt8[np.ndarray, "n m c h w"]) -> UInt8[np.ndarray, "c nh mw"]:
    """One image of n rows of m images each, side by side."""
    n, m, channels, height, width = rows.shape
    return rows.transpose(2, 0, 3, 1, 4).reshape(channels, n * height, m * width)


def png(image: UInt8[np.ndarray, "c h w"]) -> bytes:
    """PNG bytes of one grey or colour image."""
    sink = io.BytesIO()
    _picture(image).save(sink, format="PNG")
    return sink.getvalue()


def read_image(
    path: str, shape: tuple[int, int, int], background: Colour | None = None
) -> UInt8[np.ndarray, "c h w"]:
    """Any picture file, made grey or colour and resized to the GAN's images.

    Args:
        background: as of `decode_image`.

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
    picture = _picture(decode_image(data, where, background, formats=None))
    fitted = picture.convert("L" if channels == 1 else "RGB").resize((width, height))
    pixels = np.asarray(fitted, dtype=np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _picture(image: UInt8[np.ndarray, "c h w"]) -> Image.Image:
    return Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))


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
