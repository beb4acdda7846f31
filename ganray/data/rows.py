"""What every format is read into: rows in source order, with labels known and images streamed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar, runtime_checkable
from unicodedata import category

import numpy as np
from jaxtyping import Bool, Int, Int32, UInt8

from ganray.data.spec import SPLITS, Labels
from ganray.errors import RefusedInput, plain, quoted
from ganray.text.names import composed
from ganray.text.wording import short_list

CHUNK_BYTES = 4 << 20  # pixels held at a time while a source is streamed

TRAIN, HELD_OUT, TEST = range(len(SPLITS))
NO_LABEL = -1
MOST_CLASSES = 100_000

_LONGEST_NAME = 1000  # characters of a class's name: longer ones are texts, or bytes

_SPLIT_NAMES = {
    **dict.fromkeys(("train", "training", "trn"), TRAIN),
    **dict.fromkeys(("held_out", "held-out", "heldout"), HELD_OUT),
    **dict.fromkeys(("hold_out", "hold-out", "holdout"), HELD_OUT),
    **dict.fromkeys(("validation", "validate", "valid", "val", "dev"), HELD_OUT),
    **dict.fromkeys(("test", "testing", "tst", "eval", "evaluation"), TEST),
}
_WORD = re.compile("(?:held|hold)[_-]out|[a-z]+")
_CAMEL = re.compile("(?<=[a-z])(?=[A-Z][a-z])")
# "trainset", "testdata": nobody's names for things, but for splits.
_RUN_TOGETHER = re.compile(
    "(train|training|valid|validation|val|dev|test|testing|eval)"
    "(?:set|sets|split|data|dataset|dir|folder|images|imgs)"
)


@dataclass(frozen=True, kw_only=True)
class Table:
    """What is known of a set's images before they are decoded, in source order.

    Attributes:
        labels: class of each row, in 0 … k-1; `NO_LABEL` of one that has none.
        splits: the source's own split of each row, as an index into `SPLITS`;
            0 (train) throughout where the source has none.
        fingerprint: SHA-256 of the source's bytes and layout.
        told: what the classes are.
        by_class: whether what is set apart is taken class by class (else: the last rows).
        left_out: what of the source is not among the rows, a line each.
    """

    name: str
    class_names: list[str]
    labels: Int32[np.ndarray, "n"]
    splits: UInt8[np.ndarray, "n"]
    fingerprint: Callable[[], str]
    by_class: bool = True
    notes: str = ""
    told: Labels = "classes"
    left_out: tuple[str, ...] = ()

    def content(self, _: Bool[np.ndarray, "n"]) -> dict[str, Any]:
        """The fields that hold the images, as they are of some of the rows."""
        return {}


@runtime_checkable
class SelectiveStream(Protocol):
    """A stream that need not read all images to yield some of them, and can begin anywhere."""

    def __call__(self) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
        """As `Rows.stream`."""

    def only(self, rows: Bool[np.ndarray, "n"]) -> SelectiveStream:
        """Of some rows alone."""

    def after(self, row: int) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
        """The images from a row on."""


@dataclass(frozen=True, kw_only=True)
class Rows(Table):
    """A set whose images are read as pixels; memory is a few bytes a row, they stay where they are.

    Attributes:
        shape: (channels, height, width).
        stream: yields the images of all rows in order, in chunks of about `CHUNK_BYTES`.
    """

    shape: tuple[int, int, int]
    stream: Callable[[], Iterator[UInt8[np.ndarray, "_ c h w"]]]

    def content(self, rows: Bool[np.ndarray, "n"]) -> dict[str, Any]:
        """As of every table."""
        stream = self.stream
        if isinstance(stream, SelectiveStream):
            return {"stream": stream.only(rows)}

        def some() -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
            start = 0
            for images in stream():
                chosen = rows[start : start + len(images)]
                start += len(images)
                if len(chosen) < len(images):  # the source has changed, which its reader tells of
                    yield images
                elif chosen.any():
                    yield images[chosen]

        return {"stream": some}


Stream = Callable[[], Iterator[UInt8[np.ndarray, "_ c h w"]]]


def after(stream: Stream, row: int) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
    """The images from a row on; those before it are read but where the stream knows better."""
    if isinstance(stream, SelectiveStream):
        yield from stream.after(row)
        return
    start = 0
    for images in stream():
        start += len(images)
        if start > row:
            yield images[-min(len(images), start - row) :]


AnyTable = TypeVar("AnyTable", bound=Table)


def only(table: AnyTable, rows: Bool[np.ndarray, "n"]) -> AnyTable:
    """Some rows of a table, in their order; classes keep their numbers and names."""
    content = table.content(rows)
    return replace(table, labels=table.labels[rows], splits=table.splits[rows], **content)


def noting(table: AnyTable, *notes: str) -> AnyTable:
    """A table with further notes."""
    return replace(table, notes=joined_notes(table.notes, *notes)) if any(notes) else table


def rows_per_chunk(shape: tuple[int, ...]) -> int:
    """How many images of `shape` make a chunk; at least 1."""
    return max(1, CHUNK_BYTES // int(np.prod(shape)))


def split_code(name: str) -> int | None:
    """The split that a source calls `name` ("val" is held_out), or None for no known name."""
    name = name.lower()
    joined = _RUN_TOGETHER.fullmatch(name)
    return _SPLIT_NAMES.get(joined[1] if joined else name)


def words_of(name: str) -> list[str]:
    """The words in the name of a file, folder or column, in small letters; "trainSet" is two."""
    return _WORD.findall(_CAMEL.sub("-", name).lower())


def split_words(name: str) -> list[str]:
    """Of these, those that name a split: "mnist_Test-0" has "test"."""
    return [word for word in words_of(name) if split_code(word) is not None]


def class_name(name: str, where: str) -> str:
    """A class's name as it is kept: `composed`.

    Raises:
        RefusedInput: for a name that is empty, no UTF-8, holds line breaks or the like, or is as
            long as a text.
    """
    if not is_class_name(name):
        raise RefusedInput(f"{where}: class (={quoted(name)}) is no name; rename it, in UTF-8")
    if len(name) > _LONGEST_NAME:
        raise RefusedInput(
            f"{where}: class (={quoted(name)}) has {len(name):,} characters, more than "
            f"{_LONGEST_NAME:,}; is another column that of classes?"
        )
    return composed(name)


def is_class_name(name: str) -> bool:
    """Whether a class may be called so."""
    return bool(name.strip()) and not any(map(_is_no_letter, name))


def _is_no_letter(character: str) -> bool:
    # Control characters, halves of broken UTF-8, line and paragraph separators.
    return category(character) in ("Cc", "Cs", "Zl", "Zp")


def joined_notes(*notes: str) -> str:
    """What is to be said, sentence after sentence, on one line."""
    return " ".join(plain(note) for note in notes if note)


def numbered(
    values: Int[np.ndarray, "n"],
    names: Sequence[str],
    where: str,
    missing: Bool[np.ndarray, "n"] | None = None,
) -> tuple[Int32[np.ndarray, "n"], list[str]]:
    """Whole numbers as labels 0 … k-1 in their order, and what the k classes are called.

    A class has the name at its number's place, or, without names, its number; one without rows is
    none. `NO_LABEL` stays.

    Args:
        missing: rows without a number, such as nulls, whatever stands for them among the values.

    Raises:
        RefusedInput: a number has no place among the names; or numbers are -1 and 1 alone, so that
            -1 may be a class and may be none.
    """
    if not len(values):
        raise RefusedInput(f"{where} holds no rows")
    missing = np.zeros(len(values), bool) if missing is None else missing
    found = np.unique(values[~missing])
    if not names and found.tolist() == [NO_LABEL, 1]:
        raise RefusedInput(
            f"{where}: labels (=-1, 1): -1 says elsewhere that an image has no class; call the "
            "classes 0 and 1"
        )
    used = found[found != NO_LABEL]
    if names and len(used) and (used[0] < 0 or used[-1] >= len(names)):
        raise RefusedInput(
            f"{where}: labels (={short_list(used.tolist())}) must lie in 0 … {len(names) - 1}, the "
            f"places of the names {short_list(names)}"
        )
    if len(used) > MOST_CLASSES:
        raise RefusedInput(
            f"{where}: {len(used):,} different labels, more than {MOST_CLASSES:,} classes; is "
            "another column that of classes?"
        )
    missing = missing | (values == NO_LABEL)
    labels = np.where(missing, NO_LABEL, np.searchsorted(used, values))
    return labels.astype(np.int32), [names[k] if names else str(k) for k in used.tolist()]


def refuse_equal_names(names: Sequence[str], where: str) -> None:
    """Class names, as `class_name` keeps them, must differ.

    Raises:
        RefusedInput: naming those that do not.
    """
    equal = [repr(name) for name, count in Counter(names).items() if count > 1]
    if equal:
        raise RefusedInput(
            f"{where}: class names (={short_list(equal)}) are each given to several "
            "classes; every class must have a name of its own"
        )


def natural_order(names: Sequence[str]) -> list[str]:
    """Names sorted, with runs of digits compared as numbers: 2 before 10."""

    def key(name: str) -> tuple[list[tuple[bool, tuple[int, str], str]], str]:
        parts = re.findall(r"[0-9]+|[^0-9]+", name)
        return [(not p.isdecimal(), size(p) if p.isdecimal() else (0, ""), p) for p in parts], name

    def size(digits: str) -> tuple[int, str]:  # as numbers are ordered, of any length
        known = digits.lstrip("0")
        return len(known), known

    return sorted(names, key=key)


def shape_text(shape: Sequence[int]) -> str:
    """`(3, 32, 32)` as "3×32×32"."""
    return "×".join(map(str, shape))
