"""The manifest as text, and its digest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.errors import RefusedInput, StoreError
from ganray.store import Manifest, StoredFile
from ganray.store.manifest import check_address, decode
from tests.store.artifacts import ADDRESS

_hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
_files = st.lists(
    st.builds(
        StoredFile,
        name=st.sampled_from(["a", "b", "c", "d"]),
        path=st.just("artifacts/x"),
        size=st.integers(0, 100),
        sha256=_hashes,
    ),
    unique_by=lambda file: file.name,
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
_results = st.dictionaries(st.text(), _json, max_size=3)


def _manifest(**changes: Any) -> Manifest:
    fields: dict[str, Any] = {
        "address": ADDRESS,
        "generation": 0,
        "attempt": 1,
        "files": (),
        "inputs": {},
        "result": {},
        "record": {},
    }
    return Manifest(**(fields | changes))


@given(_files, _results)
def test_a_manifest_reads_back_as_it_was_written(files: list[StoredFile], result: Any) -> None:
    manifest = _manifest(files=tuple(files), result=result, record={"host": "a"})
    again = decode(Manifest, manifest.encode(), ADDRESS)
    assert again == manifest
    assert again.digest == manifest.digest


@given(_files, _results, st.randoms(use_true_random=False))
def test_the_digest_is_of_the_content_alone(files: list[StoredFile], result: Any, mix: Any) -> None:
    shuffled = files.copy()
    mix.shuffle(shuffled)
    moved = tuple(f.model_copy(update={"path": "artifacts/elsewhere"}) for f in shuffled)
    one = _manifest(files=tuple(files), result=result, record={"host": "a", "seconds": 1.0})
    other = _manifest(files=moved, result=result, record={"host": "b"}, attempt=7, generation=3)
    assert one.digest == other.digest


@given(_files.filter(bool), _results, _hashes)
def test_other_content_has_another_digest(files: list[StoredFile], result: Any, new: str) -> None:
    changed = (files[0].model_copy(update={"sha256": new}), *files[1:])
    manifest = _manifest(files=tuple(files), result=result)
    assert (_manifest(files=changed, result=result).digest == manifest.digest) == (
        files[0].sha256 == new
    )
    assert _manifest(files=tuple(files), result=result | {"more": 1}).digest != manifest.digest
    assert _manifest(files=tuple(files[1:]), result=result).digest != manifest.digest


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"bytes\xff", object()])
def test_a_value_that_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(RefusedInput, match=f"{ADDRESS}.*JSON"):
        _manifest(result={"score": [value]}).encode()


@given(st.binary() | _json.map(lambda value: json.dumps(value).encode()))
def test_other_text_is_no_manifest(data: bytes) -> None:
    assert decode(Manifest, data, ADDRESS) is None


@given(st.data())
def test_a_cut_manifest_is_no_manifest(data: st.DataObject) -> None:
    whole = _manifest(result={"score": 1.5}).encode()
    assert decode(Manifest, whole[: data.draw(st.integers(0, len(whole) - 1))], ADDRESS) is None


def test_a_newer_schema_is_told_with_both_versions() -> None:
    fields = json.loads(_manifest().encode()) | {"schema_version": 2, "novelty": True}
    with pytest.raises(StoreError, match=rf"{ADDRESS}: .*version 2.* up to 1"):
        decode(Manifest, json.dumps(fields).encode(), ADDRESS)


def test_an_unknown_file_name_is_answered_with_the_known_ones() -> None:
    files = (StoredFile(name="weights", path="artifacts/x", size=0, sha256="0" * 64),)
    with pytest.raises(StoreError, match=r"no file 'wieghts'; it holds weights"):
        _manifest(files=files).file("wieghts")


@pytest.mark.parametrize(
    "address", ["", "train", "train/key", "train/key/a/b", "train/key/attempts", "../key/x"]
)
def test_a_malformed_address_is_refused(address: str) -> None:
    with pytest.raises(RefusedInput, match=r"address \(=.*<kind>/<key>/<extent>"):
        check_address(address)
