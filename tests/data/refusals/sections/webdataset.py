"""WebDataset's shards."""

from __future__ import annotations

from tests.data.in_memory import Files, samples, tarred
from tests.data.refusals.row import Row, Section

_NUMBERED = samples("cls", lambda label: b"%d" % label)
_NAMES = "write a number or a name"


def _shard(**changes: bytes) -> Files:
    """A shard, with other members."""
    members = _NUMBERED | {name.replace("__", "."): data for name, data in changes.items()}
    return {"train-0.tar": tarred({name.lstrip("_"): data for name, data in members.items()})}


def _labels(content: bytes, ending: str = "json") -> Files:
    return {"train-0.tar": tarred(samples(ending, lambda _: content))}


def _named(content: bytes) -> Files:
    return _shard() | {"classnames.txt": content}


SECTIONS = (
    Section("WebDataset", (
        Row("`format: webdataset`, and no shard", {"a.txt": b"x"}, "name the folder with them",
            spec={"format": "webdataset"}),
        Row("shards without pictures", {"a.tar": tarred({"0.txt": b"x", "0.cls": b"1"})},
            "name the folder with those of pictures", spec={"format": "webdataset"}),
        Row("a shard cut off", {"a.tar": _shard()["train-0.tar"][:9000]}, "download it again"),
        Row("two pictures of one key", _shard(_000__jpg=b"x"), "leave one out"),
        Row("a label that is no UTF-8", _labels(b"caf\xe9", "cls"), "write it in UTF-8"),
        Row("a label that is no JSON", _labels(b"{"), 'write `{"label": 3}`'),
        Row("a label that is a list", _labels(b'{"label": [1, 2]}'), _NAMES),
        Row("a label of eleven digits", _labels(b'{"label": 12345678901}'),
            "number the classes from 0"),
        Row("a label of a megabyte", _labels(b"x" * (1 << 20 | 1), "cls"), _NAMES),
        Row("numbers and names", _shard(_000__cls=b"cat"), "write all alike"),
        Row("a number without a name", _named(b"cat\n"), "name all classes, a line each"),
        Row("names that are no UTF-8", _named(b"caf\xe9\ntea\n"), "save the file in UTF-8"),
    )),
)  # fmt: skip
