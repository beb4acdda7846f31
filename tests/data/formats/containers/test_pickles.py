from __future__ import annotations

import os
import pickle
import re
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.data.formats.containers import pickles
from ganray.data.formats.containers.pickles import read_pickle
from ganray.errors import RefusedInput
from tests.data.formats.hostile import damaged, damages, refused

ARRAY = np.arange(24, dtype=np.uint8).reshape(4, 6)
HELD = {"data": ARRAY, b"labels": [3, 1, 300, -2], "names": ["a", "é"], "batch": b"x\xff"}


class Calls:
    """What a malicious file would have executed."""

    def __init__(self, function, *given):
        self.called = function, given

    def __reduce__(self):
        return self.called


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_lists_text_and_arrays_are_read_as_pickle_does(protocol):
    read = read_pickle(pickle.dumps(HELD, protocol=protocol), "file")
    np.testing.assert_array_equal(read.pop("data"), ARRAY)
    assert read == {"labels": [3, 1, 300, -2], "names": ["a", "é"], "batch": b"x\xff"}


@pytest.mark.parametrize(
    ("function", "given", "name"),
    [
        (os.system, ("touch {}",), "posix.system"),
        (eval, ("open('{}', 'w')",), "eval"),
        (np.fromfile, ("/etc/passwd",), "fromfile"),
        (pickle.loads, (b"x",), "pickle.loads"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_what_calls_anything_is_refused_by_its_name(tmp_path, function, given, name, protocol):
    target = tmp_path / "made"
    given = tuple(one.format(target) if isinstance(one, str) else one for one in given)
    data = pickle.dumps({"data": Calls(function, *given)}, protocol=protocol)
    said = refused(lambda: read_pickle(data, "'file'"))
    assert re.match(f"'file': its pickle would call '.*{name}'; nothing is called", said)
    assert not target.exists()


def test_an_array_is_as_large_as_its_bytes():
    data = pickle.dumps({"data": ARRAY}, protocol=2)
    huge = data.replace(b"K\x04K\x06\x86", b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86")
    assert huge != data
    with pytest.raises(RefusedInput, match="an array of 4611686014132420609 bytes of which 24"):
        read_pickle(huge, "file")
    for other in (ARRAY.astype(np.int64), ARRAY.astype(object), np.asfortranarray(ARRAY)):
        with pytest.raises(RefusedInput, match=r"not of uint8 by rows|would call|no shape"):
            read_pickle(pickle.dumps({"data": other}, protocol=2), "file")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x02]q\x01.",  # a list
        b"\x80\x02}q\x01",  # without an end
        b"\x80\x02T\xff\xff\xff\x7fabc.",  # a string of 2 GiB
        b"\x80\x04\x8e" + struct.pack("<Q", 1 << 60) + b"abc.",  # bytes of 2⁶⁰
        b"\x80\x02}q\x01r\xff\xff\xff\x7f.",  # a memo of 2³¹ places would be fine; then ends
        b"\x80\x02" + b"(" * 100_000 + b".",
        b"\x80\x02)" + b"\x85" * 100_000 + b"K\x01s.",  # deep tuples
        b"\x80\x02}" + b"}" * 2 + b"K\x01s.",  # a dict as a key
        b"\x80\x02cos\nsystem\n.",
        b"h\x07.",
        b"R.",
        b"b.",
        b"a.",
    ],
)
def test_odd_programs_are_refused_or_empty(data):
    assert refused(lambda: read_pickle(data, "file")) or read_pickle(data, "file") == {}


def test_a_program_without_end_is_left(monkeypatch):
    monkeypatch.setattr(pickles, "_MOST_OPERATIONS", 1000)
    with pytest.raises(RefusedInput, match="it does not end after 1000 operations"):
        read_pickle(b"\x80\x02" + b"](" * 500 + b".", "file")


PICKLED = pickle.dumps(HELD, protocol=2)


@given(damages(len(PICKLED)))
def test_damage_is_refused_or_read(damage):
    assert len(refused(lambda: read_pickle(damaged(PICKLED, damage), "file"))) < 500


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(data):
    refused(lambda: read_pickle(data, "file"))
