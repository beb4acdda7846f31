"""What every format is read into: rows in source order, with labels known and images streamed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from unicodedata import category

import numpy as np
from jaxtyping import Int, Int32, UInt8

from ganray.data.spec import SPLITS, Labels
from ganray.errors import RefusedInput
from ganray.names import composed
from ganray.wording import short_list

CHUNK_BYTES = 4 << 20  # pixels held at a time while a source is streamed

TRAIN, HELD_OUT, TEST = range(len(SPLITS))

_SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("held_out", "held-out", "validation", "valid", "val", "dev"), HELD_OUT),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), TEST),
}
_WORD = re.compile("held[_-]out|[a-z]+")


@dataclass(frozen=True)
class Rows:
    """A set in source order; memory is a few bytes a row, the images stay where they are.

    Attributes:
        shape: (channels, height, width).
        labels: class of each row, in 0 … k-1.
        splits: the source's own split of each row, as an index into `SPLITS`;
            0 (train) throughout where the source has none.
        stream: yields the images of all rows in order, in chunks of about `CHUNK_BYTES`.
        fingerprint: SHA-256 of the source's bytes and layout.
        told: what the classes are.
        by_class: whether what is set apart is taken class by class (else: the last rows).
    """

    name: str
    shape: tuple[int, int, int]
    class_names: list[str]
    labels: Int32[np.ndarray, "n"]
    splits: UInt8[np.ndarray, "n"]
    stream: Callable[[], Iterator[UInt8[np.ndarray, "_ c h w"]]]
    fingerprint: Callable[[], str]
    by_class: bool = True
    notes: str = ""
    told: Labels = "classes"


def rows_per_chunk(shape: tuple[int, ...]) -> int:
    """How many images of `shape` make a chunk; at least 1."""
    return max(1, CHUNK_BYTES // int(np.prod(shape)))


def split_code(name: str) -> int | None:
    """The split that a source calls `name` ("val" is held_out), or None for no known name."""
    return _SPLIT_NAMES.get(name.lower())


def words_of(name: str) -> list[str]:
    """The words in the name of a file, folder or column, in small letters."""
    return _WORD.findall(name.lower())


def split_words(name: str) -> list[str]:
    """Of these, those that name a split: "mnist_Test-0" has "test"."""
    return [word for word in words_of(name) if split_code(word) is not None]


def class_name(name: str, where: str) -> str:
    """A class's name as it is kept: `composed`.

    Raises:
        RefusedInput: for a name that is empty, no UTF-8 or holds line breaks or the like.
    """
    if not is_class_name(name):
        raise RefusedInput(f"{where}: class (={name!r}) is no name; rename it, in UTF-8")
    return composed(name)


def is_class_name(name: str) -> bool:
    """Whether a class may be called so."""
    return bool(name.strip()) and not any(map(_is_no_letter, name))


def _is_no_letter(character: str) -> bool:
    return category(character) in ("Cc", "Cs")  # control characters, halves of broken UTF-8


def joined_notes(*notes: str) -> str:
    """What is to be said, sentence after sentence."""
    return " ".join(note for note in notes if note)


def refuse_gaps(labels: Int[np.ndarray, "n"], names: Sequence[str], where: str) -> None:
    """Every class 0 … k-1 must have rows, and no row any other class.

    Raises:
        RefusedInput: listing the classes found and the k names expected.
    """
    found = np.unique(labels).tolist()
    if found != list(range(len(names))) or not found:
        raise RefusedInput(
            f"{where}: labels (={short_list(found)}) must be 0 … k-1 without gaps; "
            f"expected each of 0 … {len(names) - 1} ({short_list(names)})"
        )


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

    def key(name: str) -> tuple[list[tuple[bool, int, str]], str]:
        parts = re.findall(r"[0-9]+|[^0-9]+", name)
        return [(not p.isdecimal(), int(p) if p.isdecimal() else 0, p) for p in parts], name

    return sorted(names, key=key)


def shape_text(shape: Sequence[int]) -> str:
    """`(3, 32, 32)` as "3×32×32"."""
    return "×".join(map(str, shape))
