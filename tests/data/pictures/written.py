"""Pictures written by hand, byte for byte from the formats' descriptions, without any encoder."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

Tag = int | Sequence[int]
_RAW, _DEFLATED, _PACKBITS = 1, 8, 32773
PACKED = {
    _RAW: bytes,
    _DEFLATED: zlib.compress,
    _PACKBITS: lambda raw: b"".join(bytes([0, byte]) for byte in raw),  # runs of one
}
"""How a TIFF's pixels are packed: its compression's number → what packs bytes."""


def tiff(pieces: Sequence[bytes], order: str = "<", packed: int = _RAW, **tags: Tag) -> bytes:
    """A TIFF of one picture.

    Args:
        pieces: its strips, or its tiles where `tags` has their sizes, before they are packed.
        order: of bytes, "<" or ">".
        tags: by the names of `_TAGS`.
    """
    contents = [PACKED[packed](piece) for piece in pieces]
    tiled = "tile_width" in tags
    known = {_TAGS[name]: value for name, value in tags.items()}
    known |= {259: packed, 325 if tiled else 279: [len(content) for content in contents]}
    places = [8 + sum(map(len, contents[:k])) for k in range(len(contents))]
    known[324 if tiled else 273] = places
    start = 8 + sum(map(len, contents))
    start += start % 2
    entries, beyond = b"", b""
    behind = start + 2 + 12 * len(known) + 4
    for number, value in sorted(known.items()):
        values = [value] if isinstance(value, int) else list(value)
        kind, letter = (4, "I") if max(values) > 65535 or number in (273, 279) else (3, "H")
        data = struct.pack(f"{order}{len(values)}{letter}", *values)
        if len(data) > 4:
            data, beyond = struct.pack(f"{order}I", behind + len(beyond)), beyond + data
        entries += struct.pack(f"{order}HHI", number, kind, len(values)) + data.ljust(4, b"\0")
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, start)
    body = (head + b"".join(contents)).ljust(start, b"\0")
    return body + struct.pack(f"{order}H", len(known)) + entries + bytes(4) + beyond


_TAGS = {
    "width": 256, "height": 257, "bits": 258, "meaning": 262, "fill": 266, "orientation": 274,
    "channels": 277, "rows": 278, "planar": 284, "colours": 320, "tile_width": 322,
    "tile_height": 323, "extra": 338, "numbers": 339,
}  # fmt: skip


def bits_of(values: np.ndarray, depth: int) -> bytes:
    """Rows of whole numbers with so many bits each, the highest first; each begins a byte."""
    shifts = np.arange(depth)[::-1]
    spread = (values.astype(np.int64)[..., None] >> shifts) & 1
    return np.packbits(spread.reshape(len(values), -1).astype(np.uint8), axis=1).tobytes()


def pnm(magic: str, values: np.ndarray, most: int | None = None) -> bytes:
    """A PGM, PPM or PBM, plain (P1 to P3) or binary."""
    height, width = values.shape[:2]
    head = f"{magic}\n# of no program\n{width} {height}\n" + ("" if most is None else f"{most}\n")
    if magic in ("P1", "P2", "P3"):
        return (head + "\n".join(map(str, values.ravel().tolist()))).encode()
    if magic == "P4":
        return head.encode() + bits_of(values, 1)
    assert most is not None
    return head.encode() + values.astype(">u2" if most > 255 else "u1").tobytes()


def bmp(
    rows: bytes,
    size: tuple[int, int],
    bits: int,
    compression: int = 0,
    masks: Sequence[int] = (),
    palette: np.ndarray | None = None,
    header: int = 40,
) -> bytes:
    """A BMP whose rows, padded and of the lowest first, are given; a height below 0 turns that.

    Args:
        masks: of red, green, blue and perhaps alpha.
        palette: entries of blue, green, red, 0.
        header: its size; of 108 bytes and more it has the masks in itself.
    """
    height, width = size
    colours = b"" if palette is None else palette.astype(np.uint8).tobytes()
    beside = struct.pack(f"<{len(masks)}I", *masks)
    inner = beside.ljust(header - 40, b"\0") if header > 40 else b""
    beside = b"" if header > 40 else beside
    told = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(rows),
                       2835, 2835, len(colours) // 4, 0)  # fmt: skip
    place = 14 + len(told) + len(inner) + len(beside) + len(colours)
    start = b"BM" + struct.pack("<IHHI", place + len(rows), 0, 0, place)
    return start + told + inner + beside + colours + rows


def png(width: int, height: int, depth: int, kind: int, rows: bytes = b"", **chunks) -> bytes:
    """A PNG file; `kind` is its colour type, `rows` begin with their filters."""

    def chunk(name: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + checksum

    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    between = b"".join(chunk(name.encode(), data) for name, data in chunks.items())
    parts = chunk(b"IHDR", head) + between + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + parts + chunk(b"IEND", b"")


def unfiltered(rows: np.ndarray) -> bytes:
    """A PNG's rows without prediction."""
    return b"".join(b"\0" + row.tobytes() for row in rows)
