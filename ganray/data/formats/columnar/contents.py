"""What one cell says of a picture: its file as bytes, numbers or base64, or where it lies."""

from __future__ import annotations

import base64
import re
from binascii import Error as NoBase64

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ganray.data.location import Location
from ganray.data.pictures.decoding import MAX_BYTES, is_picture
from ganray.data.pictures.kinds import format_by_signature
from ganray.errors import RefusedInput, quoted

_NO_BYTES = "write the files' bytes into the column"
# The first bytes of JPEG, PNG, GIF, WebP, BMP and TIFF, as base64 has them, perhaps in a data URL.
_BASE64 = re.compile(
    r"\s*(?:data:image/[^,]{1,40},)?(?:/9j/|iVBORw0KGgo|R0lGOD|UklGR|Qk[0-3]|SUkqA|TU0AK)"
)
# Hexadecimal digits, what Python and JSON print of bytes, and other data URLs.
_OTHER_TEXT = re.compile(r"(\\x|0x)?(ffd8ff|89504e47)|b['\"]|\[ *-?[0-9]|data:", re.IGNORECASE)
_START = 64  # characters that tell what a text is
_LONGEST_PATH = 1024


def content_of(cell: pa.Scalar, file: Location, where: str) -> bytes | RefusedInput:
    """The picture's file; in its place a refusal that says what the cell holds.

    Args:
        file: in which the cell is; paths are below its folder.
    """
    if isinstance(cell, pa.BinaryScalar):  # to pyarrow strings are such, too
        found = cell.as_py()
        if isinstance(found, bytes):
            return _of_bytes(found, file, where)
        return _of_text(found, file, where) if found is not None else _nothing(where)
    if not cell.is_valid:
        return _nothing(where)
    if isinstance(cell, pa.DictionaryScalar):
        return content_of(cell.value, file, where)
    if isinstance(cell, pa.ListScalar):
        return _of_list(cell.values, file, where)
    if isinstance(cell, pa.StructScalar):
        return _of_struct(cell, file, where)
    held = type(cell.as_py()).__name__
    return RefusedInput(f"{where} has no image, but a value of type {held}; {_NO_BYTES}")


def _nothing(where: str) -> RefusedInput:
    return RefusedInput(f"{where} has no image; every row needs one")


def begins_as_picture(numbers: pa.Array) -> bool:
    """Whether whole numbers are the bytes of a picture's file, and no pixels."""
    found = _as_bytes(numbers[:_START])
    return found is not None and bool(format_by_signature(found))


def _as_bytes(numbers: pa.Array) -> bytes | None:
    """Whole numbers as bytes, also where those from 128 on are below 0, as Java has them."""
    if numbers.null_count or not len(numbers):
        return None
    span = pc.min_max(numbers).as_py()
    if span["min"] < -128 or span["max"] > 255:
        return None
    return bytes(numbers.to_numpy(zero_copy_only=False).astype(np.uint8).tobytes())


def _of_list(values: pa.Array, file: Location, where: str) -> bytes | RefusedInput:
    if pa.types.is_integer(values.type):
        found = _as_bytes(values)
        if found is None or not format_by_signature(found):
            return RefusedInput(
                f"{where} has no image, but {len(values):,} numbers that begin as no picture's "
                f"file does; {_NO_BYTES}"
            )
        return found
    if len(values) != 1:
        return RefusedInput(f"{where} has {len(values)} images; each row must have one")
    return content_of(values[0], file, where)


def _of_struct(cell: pa.StructScalar, file: Location, where: str) -> bytes | RefusedInput:
    """Hugging Face's `{bytes, path}`, of which bytes count where there are any."""
    inner, beside = (cell[name] if name in cell else pa.scalar(None) for name in ("bytes", "path"))
    return content_of(beside if _is_empty(inner) and beside.is_valid else inner, file, where)


def _is_empty(cell: pa.Scalar) -> bool:
    if not cell.is_valid:
        return True
    if isinstance(cell, pa.BinaryScalar):
        return cell.as_buffer().size == 0
    return isinstance(cell, pa.ListScalar) and not len(cell)


def _of_bytes(found: bytes, file: Location, where: str) -> bytes | RefusedInput:
    if not found or found[0] > 127:  # as JPEG and PNG begin, and no text
        return found
    # Text without its type, as some write it.
    if _BASE64.match(found[:_START].decode("ascii", "replace")):
        return _decoded(found.decode("ascii", "replace"), where) or found
    if len(found) <= _LONGEST_PATH and is_picture(path := found.decode(errors="replace")):
        return _beside(file, path, where)
    return found


def _of_text(text: str, file: Location, where: str) -> bytes | RefusedInput:
    if _BASE64.match(text) and (found := _decoded(text, where)):
        return found
    if len(text) > _LONGEST_PATH and _OTHER_TEXT.match(text):
        return RefusedInput(
            f"{where} has an image as text ({quoted(text[:12])}…) that is no base64; {_NO_BYTES}"
        )
    return _beside(file, text, where)


def _decoded(text: str, where: str) -> bytes | RefusedInput | None:
    """What a text in base64 stands for; None where it is none after all."""
    digits = "".join(text.rpartition(",")[2].split())
    try:
        found = base64.b64decode(digits, validate=True)
    except NoBase64:
        if len(digits) <= _LONGEST_PATH and "data:" not in text[:_START]:
            return None
        return RefusedInput(f"{where} has an image as text (base64) that is damaged; {_NO_BYTES}")
    return found if format_by_signature(found) else None


def _beside(file: Location, path: str, where: str) -> bytes | RefusedInput:
    """The content of a file that lies where a cell says, below the folder of the Parquet file."""
    said = f"{where} has no image, only the path {quoted(path)}"
    if path.startswith("/") or "\\" in path or ".." in path.split("/"):
        return RefusedInput(f"{said}, which leads elsewhere; {_NO_BYTES}")
    try:
        beside = file.beside(path)
        # A pipe would be waited for, and a device has no end.
        if "file" in file.fs.protocol and beside.kind() != "file":
            raise RefusedInput(f"{beside.shown!r} is no file")
        return beside.read(MAX_BYTES)
    except ValueError:  # a refusal, or a null byte in the path
        return RefusedInput(f"{said}, and no such file lies beside it; {_NO_BYTES}")
