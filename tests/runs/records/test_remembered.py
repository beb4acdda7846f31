"""What a run keeps of what it found: the next look at the store reads that, and believes its MD5.

The store is a folder that lists as an S3 bucket does.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace

import pytest

from ganray.local import LocalRunner
from ganray.runs.agenda import Agenda
from ganray.runs.records import remembered
from ganray.store import Catalogue, many
from ganray.store.folder import FolderFiles
from tests.stages.stores import copied
from tests.tiny import TinyRun


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of the manifests that are read, of a store that lists at once."""
    walked = FolderFiles.entries

    def entries(files: FolderFiles, prefix: str):
        for entry in walked(files, prefix):
            content = (files.root / entry.path).read_bytes()
            yield replace(entry, md5=hashlib.md5(content, usedforsecurity=False).hexdigest())

    monkeypatch.setattr(FolderFiles, "entries", entries)
    monkeypatch.setattr(FolderFiles, "lists_at_once", True)
    monkeypatch.setattr(many, "_FEW", 1)
    monkeypatch.setattr(remembered, "MANY", 1)
    addresses: list[str] = []
    found = Catalogue.manifest_at

    def counted(catalogue, address, *rest):
        addresses.append(address)
        return found(catalogue, address, *rest)

    monkeypatch.setattr(Catalogue, "manifest_at", counted)
    return addresses


def test_what_was_found_and_what_was_made_is_not_read_again(tiny_run: TinyRun, tmp_path, read):
    store, plan = copied(tiny_run, tmp_path), tiny_run.plan
    lost = next(task for task in plan.tasks if task.kind == "measure")
    for path in store.list(f"artifacts/{lost.address}/"):
        store.files.remove(path)
    agenda = Agenda.open(plan, store)
    assert set(read) == set(plan.by_address) - {lost.address}
    LocalRunner(tiny_run.study.resources).run(agenda)
    agenda.remember()
    read.clear()
    again = Agenda.open(plan, store)
    assert again.complete
    assert not read
    assert again.manifests == {one: store.manifest(one) for one in plan.by_address}


NO_BLOCKS = gzip.compress(b"{}", mtime=0)[:10] + b"\xff" * 9


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b", b"no archive", NO_BLOCKS])
def test_a_damaged_copy_is_none(tiny_run: TinyRun, tmp_path, read, damage: bytes):
    store, plan = copied(tiny_run, tmp_path), tiny_run.plan
    Agenda.open(plan, store).remember()
    store.put(f"runs/{plan.run}/manifests.json.gz", damage)
    read.clear()
    assert Agenda.open(plan, store).complete
    assert set(read) == set(plan.by_address)


def test_what_has_changed_is_read(tiny_run: TinyRun, tmp_path, read):
    store, plan = copied(tiny_run, tmp_path), tiny_run.plan
    Agenda.open(plan, store).remember()
    data = plan.task("data").address
    text = store.get(f"artifacts/{data}/manifest-0.json")
    store.put(f"artifacts/{data}/manifest-0.json", text.replace(b'"seconds"', b'"SECONDS"'))
    read.clear()
    agenda = Agenda.open(plan, store)
    assert set(read) == {data}
    assert "SECONDS" in agenda.manifests[data].record


def test_what_another_run_has_made_is_not_read_either(
    tiny_run: TinyRun, tmp_path, read, monkeypatch
):
    monkeypatch.setattr(many, "_MANY", 1)
    store, plan = copied(tiny_run, tmp_path), tiny_run.plan
    other = plan.model_copy(update={"name": "other"})
    Agenda.open(other, store).remember()
    read.clear()
    assert Agenda.open(plan, store).complete
    assert not read
    assert Agenda.open(plan, store, verify=True).complete
    assert set(read) >= set(plan.by_address)
