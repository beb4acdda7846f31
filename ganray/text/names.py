"""Names of classes and GANs as names of files, each by its own; and as labels of groups."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from unicodedata import normalize
from urllib.parse import unquote_to_bytes

_RESERVED = '%/\\<>:"|?*'  # a separator, or not to be had on some file system
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)", re.I)
_LONGEST = 200  # bytes; file systems take 255, and something may be appended
_EMPTY = "%"


def composed(name: str) -> str:
    """A name as it is kept and compared, in Unicode's composed form (NFC): one é, however typed."""
    return normalize("NFC", name)


def as_file(name: str) -> str:
    """A name of anything as the name of one file or folder, by `of_file` the name again.

    What cannot stand in a file's name stands as %XX: "T-shirt/top" is "T-shirt%2Ftop". No two names
    give one, and none a hidden file, a parent folder or a device of Windows. Of more than 200 bytes
    only the beginning stays, and a digest in the place of the rest: `of_file` refuses that.
    """
    last = len(name) - 1
    coded = "".join(
        _coded(letter) if _is_odd(letter, index, last) else letter
        for index, letter in enumerate(name)
    )
    if _DEVICE.match(coded):
        coded = _coded(coded[0]) + coded[1:]
    if len(coded.encode()) > _LONGEST:
        digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:32]
        return f"{coded.encode()[: _LONGEST - 40].decode(errors='ignore')}%-{digest}"
    return coded or _EMPTY


def of_file(file: str) -> str:
    """The name that `as_file` made this file's name of.

    Raises:
        ValueError: it made it of none, or of a name that was too long to be kept whole.
    """
    name = "" if file == _EMPTY else unquote_to_bytes(file).decode(errors="surrogatepass")
    if as_file(name) != file:
        raise ValueError(f"{file!r} is no whole name")
    return name


def label(names: Sequence[str]) -> str:
    """What a group of classes is called: `3`, `1+2`. No two groups are called alike.

    A name that would make that doubtful stands in quotes, as JSON has them: `"a+b"` is one class.
    """
    return "+".join(name if _is_plain(name) else _quoted(name) for name in names)


def labels(names: Sequence[str]) -> set[str]:
    """All ways to call the group: `label`, every name in quotes, and the bare names."""
    return {label(names), exact_label(names), "+".join(names)}


def exact_label(names: Sequence[str]) -> str:
    """As `label`, with every name in quotes: nothing else is meant by it."""
    return "+".join(map(_quoted, names))


def _is_odd(letter: str, index: int, last: int) -> bool:
    ends = (index == 0 and letter == ".") or (index == last and letter in ". ")
    return ends or letter in _RESERVED or not letter.isprintable()


def _coded(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode(errors="surrogatepass"))


def _is_plain(name: str) -> bool:
    bare = name.isprintable() and name.strip() == name and "+" not in name
    return bool(name) and bare and not name.startswith('"')


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=not name.isprintable())
