"""Many artifacts found by a listing: what `manifest` finds of each, and by fewer questions."""

from __future__ import annotations

from collections import Counter

import pytest

from ganray.store import Catalogue, Manifest, Store, many
from tests.store.artifacts import commit

KINDS = {"train": 20, "embed": 18, "measure": 3}
ADDRESSES = [f"{kind}/{k:032x}/whole" for kind, count in KINDS.items() for k in range(count)]


@pytest.fixture
def full(store: Store) -> dict[str, Manifest]:
    """Some of the artifacts; of one there are two generations, and of one the file is gone."""
    made = {one: commit(store, one, b"first") for one in ADDRESSES[::2]}
    made[ADDRESSES[0]] = commit(store, ADDRESSES[0], b"second", generation=1)
    store.files.remove(made.pop(ADDRESSES[2]).files[0].path)
    return made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often manifests were read one by one, and how often files were."""
    counts: Counter[str] = Counter()
    for name in ("manifest", "manifest_at"):
        found = getattr(Catalogue, name)

        def counted(*args, name=name, found=found, **more):
            counts[name] += 1
            return found(*args, **more)

        monkeypatch.setattr(Catalogue, name, counted)
    return counts


def test_what_is_found_is_what_each_question_finds(store: Store, full) -> None:
    found = many.current_manifests(store, ADDRESSES)
    assert found == {one: store.manifest(one) for one in ADDRESSES}
    assert {one: manifest for one, manifest in found.items() if manifest} == full


def test_of_many_a_listing_tells_and_what_is_known_is_not_read(store: Store, full, asked) -> None:
    known = dict(manifest.kept for manifest in full.values())
    found = many.current_manifests(store, ADDRESSES, known)
    assert {one: manifest for one, manifest in found.items() if manifest} == full
    if store.files.lists_at_once:
        few = [one for one in ADDRESSES if one.startswith("measure/")]
        assert asked["manifest"] == len(few)
        damaged = 1
        assert asked["manifest_at"] == sum(one in full for one in few) + damaged


def test_a_text_that_lies_there_no_more_does_not_count(store: Store, full) -> None:
    path, text = full[ADDRESSES[0]].kept
    known = {path: text.replace(b'"attempt"', b'"attempt" ')}
    assert many.current_manifests(store, ADDRESSES, known)[ADDRESSES[0]] == full[ADDRESSES[0]]
    lies = full[ADDRESSES[0]].model_copy(update={"result": {"count": 9}}).encode()
    assert (
        many.current_manifests(store, ADDRESSES, {path: lies})[ADDRESSES[0]] == (full[ADDRESSES[0]])
    )


def test_a_store_with_much_more_in_it_is_not_listed(store: Store, full, asked, monkeypatch) -> None:
    monkeypatch.setattr(many, "_ROOM", 1)
    found = many.current_manifests(store, ADDRESSES)
    assert asked["manifest"] == len(ADDRESSES)
    assert {one: manifest for one, manifest in found.items() if manifest} == full


def test_what_is_not_known_is_read_swiftly_where_that_can_be_done(
    store: Store, full, asked, monkeypatch
) -> None:
    monkeypatch.setattr(many, "_MANY", 1)
    listed = [one for one in ADDRESSES if not one.startswith("measure/")]
    found = many.current_manifests(store, listed)
    assert {one: manifest for one, manifest in found.items() if manifest} == {
        one: manifest for one, manifest in full.items() if one in listed
    }
    if store.files.lists_at_once:
        assert asked["manifest_at"] == 1  # whose file is gone


def test_what_the_swift_reader_cannot_read_is_asked_for(
    store: Store, full, asked, monkeypatch
) -> None:
    monkeypatch.setattr(many, "_MANY", 1)
    monkeypatch.setattr(type(store.files), "swift_reader", lambda _: lambda _: None)
    found = many.current_manifests(store, ADDRESSES)
    assert {one: manifest for one, manifest in found.items() if manifest} == full


def test_lists_of_others_are_asked_for_while_many_are_lacking(
    store: Store, full, asked, monkeypatch
) -> None:
    if not store.files.lists_at_once:
        pytest.skip("of a folder nothing is remembered")
    monkeypatch.setattr(many, "_MANY", 2)
    listed = [one for one in ADDRESSES if not one.startswith("measure/")]
    texts = dict(full[one].kept for one in listed if one in full)
    some = dict(list(texts.items())[:5])

    def lists():
        yield some
        yield dict.fromkeys(texts, b"{}")  # an old one
        yield texts
        pytest.fail("nothing is lacking any more")

    found = many.current_manifests(store, listed, others=lists())
    assert found == {one: full.get(one) for one in listed}
    assert asked["manifest_at"] == 1
