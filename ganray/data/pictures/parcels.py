"""Encoded pictures looked at and decoded, some hundred at once, in several processes if asked."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from ganray.data.pictures.decoding import decode_image, header_of
from ganray.data.pictures.fitting import Reading
from ganray.data.pictures.opening import bombs_refused
from ganray.data.rows import rows_per_chunk, shape_text
from ganray.errors import RefusedInput

_AT_ONCE = 256  # pictures that a process is given
_BYTES_AT_ONCE = 16 << 20
_BYTES_UNDER_WAY = 384 << 20  # to the processes and from them, of however many
_WORTH_IT = 4 * _AT_ONCE  # pictures; of fewer a second process is not begun

Shape = tuple[int, int, int]
Pixels = UInt8[np.ndarray, "n c h w"]
Told = tuple[str, bytes | RefusedInput]
"""How messages name a picture, and its content."""
Answer = TypeVar("Answer")


@runtime_checkable
class Items(Protocol):
    """Encoded pictures, wherever they lie, by their numbers."""

    def said(self, item: int) -> str:
        """By which messages name one: its file, or its file and row."""

    def bytes_of(self, chosen: Int64[np.ndarray, "n"]) -> Iterator[bytes | RefusedInput]:
        """The content of some, ascending; a refusal in place of one that cannot be had."""


class Look(NamedTuple):
    """What was seen of one picture.

    Attributes:
        shape: of what is made of it; none where it cannot be read.
        why: it cannot be read; else empty.
        digest: SHA-256 of its bytes, where that was asked for.
    """

    shape: Shape | None
    lossy: bool
    why: str
    digest: bytes


@dataclass(frozen=True)
class Looking:
    """A look at each of some pictures.

    Attributes:
        hashed: whether their bytes are hashed.
    """

    reading: Reading
    hashed: bool

    def __call__(self, pictures: Sequence[Told]) -> list[Look]:
        """By their headers, or by decoding them where what cannot be is to be left out."""
        with bombs_refused():
            return [self._look(where, data) for where, data in pictures]

    def _look(self, where: str, data: bytes | RefusedInput) -> Look:
        if isinstance(data, RefusedInput):
            return Look(None, False, str(data), b"")
        digest = hashlib.sha256(data).digest() if self.hashed else b""
        try:
            shape, lossy = header_of(data, where, self.reading.background)
            if self.reading.skip:
                channels, height, width = decode_image(data, where, self.reading.background).shape
                shape = channels, height, width
        except RefusedInput as error:
            return Look(None, False, str(error), digest)
        return Look(self.reading.shape(shape), lossy, "", digest)


@dataclass(frozen=True)
class _Decoding:
    """Some pictures' pixels, and why others cannot be read."""

    reading: Reading
    shape: Shape

    def __call__(self, pictures: Sequence[Told]) -> tuple[Pixels, list[str]]:
        images, count, reasons = np.empty((len(pictures), *self.shape), np.uint8), 0, []
        with bombs_refused():
            for where, data in pictures:
                try:
                    images[count] = self._decoded(where, data)
                    count += 1
                except RefusedInput as error:
                    reasons.append(str(error))
        return images[:count], reasons

    def _decoded(self, where: str, data: bytes | RefusedInput) -> UInt8[np.ndarray, "c h w"]:
        if isinstance(data, RefusedInput):
            raise data
        pixels = self.reading(decode_image(data, where, self.reading.background))
        if pixels.shape != self.shape:
            raise RefusedInput(
                f"{where}: image of {shape_text(pixels.shape)}, where it was of "
                f"{shape_text(self.shape)}; the source changed meanwhile, start again"
            )
        return pixels


@dataclass(frozen=True)
class Unpacked:
    """The pixels of a set of pictures, as `SelectiveStream`.

    Attributes:
        chosen: which of the items are the rows.
        refusal: what is said of those that cannot be read, of so many.
    """

    items: Items
    chosen: Int64[np.ndarray, "n"]
    shape: Shape
    reading: Reading
    workers: int
    refusal: Callable[[Sequence[str], int], str]

    def __call__(self) -> Iterator[Pixels]:
        """All of them, a chunk at a time.

        Raises:
            RefusedInput: pictures that no header told of cannot be read; the last ones of the set
                are looked at, too, so that all are counted.
        """
        return self.after(0)

    def only(self, rows: Bool[np.ndarray, "n"]) -> Unpacked:
        """Of some rows alone."""
        return replace(self, chosen=self.chosen[rows])

    def after(self, row: int) -> Iterator[Pixels]:
        """Those from a row on, without a look at what is before it."""
        decode, reasons = _Decoding(self.reading, self.shape), list[str]()
        size = min(_AT_ONCE, rows_per_chunk(self.shape))
        parcels = parcelled(self.items, self.chosen[row:], size)
        each = int(np.prod(self.shape))
        for images, why in in_order(decode, parcels, self._processes(row), each):
            reasons += why
            if not reasons:
                yield images
        if reasons:
            raise RefusedInput(self.refusal(reasons, len(self.chosen)))

    def _processes(self, row: int) -> int:
        return self.workers if len(self.chosen) - row >= _WORTH_IT else 1


def looks(
    items: Items, chosen: Int64[np.ndarray, "n"], looking: Looking, workers: int
) -> Iterator[Look]:
    """A look at each of some pictures, in their order."""
    processes = workers if len(chosen) >= _WORTH_IT else 1
    for found in in_order(looking, parcelled(items, chosen, _AT_ONCE), processes):
        yield from found


def parcelled(items: Items, chosen: Int64[np.ndarray, "n"], most: int) -> Iterator[list[Told]]:
    """Pictures with their names, at most so many at once, and few large ones."""
    parcel: list[Told] = []
    size = 0
    for item, data in zip(chosen.tolist(), items.bytes_of(chosen), strict=True):
        parcel.append((items.said(item), data))
        size += len(data) if isinstance(data, bytes) else 0
        if len(parcel) == most or size > _BYTES_AT_ONCE:
            yield parcel
            parcel, size = [], 0
    if parcel:
        yield parcel


def in_order(
    work: Callable[[list[Told]], Answer],
    parcels: Iterable[list[Told]],
    workers: int,
    answer: int = 0,
) -> Iterator[Answer]:
    """The answers in the order of the parcels, whichever of some processes is done first.

    Args:
        workers: processes; with 1 the work is done here.
        answer: bytes of the answer for one picture.
    """
    if workers <= 1:
        yield from map(work, parcels)
        return
    # Spawned, as threads of Arrow and torch do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        pending: deque[tuple[Future[Answer], int]] = deque()
        try:
            for parcel in parcels:
                held = sum(answer + len(data) for _, data in parcel if isinstance(data, bytes))
                pending.append((pool.submit(work, parcel), held))
                while len(pending) > 2 * workers or _held(pending) > _BYTES_UNDER_WAY:
                    yield pending.popleft()[0].result()
            while pending:
                yield pending.popleft()[0].result()
        finally:
            for future, _ in pending:
                future.cancel()


def _held(pending: Iterable[tuple[Future[Answer], int]]) -> int:
    return sum(held for _, held in pending)
