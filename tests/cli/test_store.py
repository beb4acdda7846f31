"""`ganray store ls | verify | gc`: what is there, whether it is sound, and what may go."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ganray.errors import Stopped
from ganray.runs.records.parts import span, stored_shards
from ganray.runs.records.record import find_run
from ganray.stages import Workspace, run_chunks
from ganray.store import Store
from ganray.store.manifest import manifest_path
from tests.cli.command import files_below, ganray
from tests.stages.stores import flip_a_byte, stop_after
from tests.tiny import digests

GAN = "train/joint/0+1+2/0"


@pytest.fixture
def aged(copy):
    """The copy, with files of a month ago."""
    month_ago = time.time() - 30 * 86400
    for path in Path(copy.url).rglob("*"):
        os.utime(path, (month_ago, month_ago))
    return copy


def test_ls_lists_every_artifact_with_its_size(finished):
    answer = ganray("store", "ls", finished.url, "--json")
    assert answer.code == 0
    rows = {row["address"]: row for row in answer.json}
    plan = find_run(finished.store, "tiny").plan
    assert set(plan.by_address) <= rows.keys()
    for address, digest in digests(finished.store, plan).items():
        assert rows[address]["digest"] == digest
    weights = finished.store.manifest(plan.roles[GAN])
    assert rows[weights.address]["bytes"] == sum(file.size for file in weights.files)
    text = ganray("store", "ls", finished.url).out
    assert text.count("\n") == len(rows) + 1
    assert f"{len(rows)} artifacts, " in text


def test_an_empty_store_holds_nothing(tmp_path):
    assert ganray("store", "ls", tmp_path).out == "0 artifacts, 0 B\n"
    assert ganray("store", "verify", tmp_path / "none").code == 0
    assert not (tmp_path / "none").exists()


def test_a_sound_store_passes(finished):
    answer = ganray("store", "verify", finished.url, "--json")
    assert answer.code == 0
    assert answer.json["damaged"] == []
    assert answer.json["checked"] == len(ganray("store", "ls", finished.url, "--json").json)


def test_verify_names_every_damaged_file(copy):
    plan = find_run(copy.store, "tiny").plan
    weights = copy.store.manifest(plan.roles[GAN]).file("generator.safetensors")
    flip_a_byte(copy.store, weights.path)
    answer = ganray("store", "verify", copy.url)
    assert answer.code == 1
    (first, last) = answer.out.splitlines()
    for text in (plan.roles[GAN], weights.name, weights.path, weights.sha256):
        assert text in first
    assert last.endswith("1 files damaged")
    as_json = ganray("store", "verify", copy.url, "--json")
    assert (as_json.code, as_json.json["damaged"]) == (1, [first])


def test_verify_names_manifests_that_count_for_nothing(copy):
    """One that is no manifest, and one whose payload was cut off: both artifacts are gone."""
    plan = find_run(copy.store, "tiny").plan
    one, other = (plan.roles[f"card/{gan}/0"] for gan in ("joint/0+1+2", "marginal/0"))
    text = copy.store.manifest(one).file("README.md")
    Path(copy.url, text.path).write_bytes(b"short")
    Path(copy.url, "artifacts", other, "manifest-0.json").write_text("{")
    answer = ganray("store", "verify", copy.url)
    assert answer.code == 1
    about = {address: [line for line in answer.out.splitlines() if line.startswith(f"{address}:")]
             for address in (one, other)}  # fmt: skip
    assert text.path in about[one][0]
    assert f"{other}/manifest-0.json" in about[other][0]
    assert answer.out.splitlines()[-1].endswith("2 files damaged")
    again = ganray("run", copy.file, "--runner", "local", "--store", copy.url)
    assert again.code == 0  # what was made anew supersedes both
    assert ganray("store", "verify", copy.url).code == 0


def test_gc_shows_and_deletes_nothing_unless_told(aged):
    before = files_below(aged.url)
    answer = ganray("store", "gc", aged.url, "--json")
    assert answer.code == 0
    assert answer.json["deleted"] == 0
    assert answer.json["garbage"]
    assert "nothing deleted without --delete" in ganray("store", "gc", aged.url).out
    assert files_below(aged.url) == before


def test_gc_leaves_young_files_alone(copy):
    assert ganray("store", "gc", copy.url, "--json").json["garbage"] == []
    assert ganray("store", "gc", copy.url, "--older-than", "0", "--json").json["garbage"]


def test_gc_keeps_what_an_interrupted_shard_has(copy):
    """As it keeps the last checkpoints of a training; once the shard is whole, it goes."""
    store, plan = copy.store, find_run(copy.store, "tiny").plan
    search = plan.task("search/joint")
    for manifest in [*stored_shards(store, search), store.manifest(search.address)]:
        store.files.remove(manifest_path(manifest.address, manifest.generation))
    work = Workspace(store, search, should_stop=stop_after(2))
    with pytest.raises(Stopped):
        run_chunks(work, search.shards)
    ganray("store", "gc", copy.url, "--older-than", 0, "--delete")
    assert [span(one) for one in stored_shards(store, search)] == [range(2)]
    run_chunks(Workspace(store, search), search.shards)
    ganray("store", "gc", copy.url, "--older-than", 0, "--delete")
    assert [span(one) for one in stored_shards(store, search)] == search.shards


@pytest.mark.parametrize("days", ["nan", "-5"])
def test_gc_refuses_an_age_that_is_none(finished, days):
    ganray("store", "gc", finished.url, "--older-than", days).refused("--older-than (=")


def test_gc_keeps_what_the_run_needs_and_where_it_would_go_on(aged):
    """After it the run is whole; training longer continues; more restarts add chunks alone."""
    store, plan = aged.store, find_run(aged.store, "tiny").plan
    before = digests(store, plan)
    gan, search = plan.task(GAN), plan.task("search/joint")
    shards = stored_shards(store, search)
    assert [span(one) for one in shards] == search.shards
    answer = ganray("store", "gc", aged.url, "--delete", "--json")
    assert answer.json["deleted"] == len(answer.json["garbage"]) > 0
    assert ganray("store", "gc", aged.url, "--json").json["garbage"] == []
    assert ganray("store", "verify", aged.url).code == 0
    assert digests(store, plan) == before
    assert store.latest_checkpoint(gan.trajectory, 100).step == gan.horizon
    assert stored_shards(store, search) == shards
    again = ganray("run", aged.file, "--runner", "local", "--store", aged.url)
    assert "nothing to do" in again.out


def test_gc_removes_all_of_a_run_that_is_no_more(aged):
    """Its plan gone, nothing needs its artifacts; the claims of attempts stay."""
    run = find_run(aged.store, "tiny").plan.run
    Path(aged.url, "runs", run, "plan.json").unlink()
    assert ganray("store", "gc", aged.url, "--delete").code == 0
    assert {Path(path).name for path in Store(aged.url).list("artifacts/")} == {"claim.json"}


def test_a_newer_stores_manifest_is_named(copy):
    plan = find_run(copy.store, "tiny").plan
    manifest = Path(copy.url, "artifacts", plan.roles[GAN], "manifest-0.json")
    manifest.write_text(manifest.read_text().replace('"schema_version": 1', '"schema_version": 9'))
    for words in (
        ["store", "verify", copy.url],
        ["run", copy.file, "--runner", "local", "--store", copy.url],
    ):
        ganray(*words).refused(plan.roles[GAN], "schema version 9", "up to 1", code=1)


@pytest.mark.parametrize("words", [("gc", "--delete", "--older-than", 0), ("ls",), ("verify",)])
def test_a_folder_that_is_no_store_is_refused_and_left_alone(tmp_path, words):
    mine = {
        ".tmp-notes",
        f".tmp-{'0a' * 16}",
        "runs/x/plan.json",
        "artifacts/a/b/c.txt",
        "probes/x",
    }
    for name in mine:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
    command, *options = words
    ganray("store", command, tmp_path, *options).refused(f"URL (='{tmp_path}') is no store")
    assert files_below(tmp_path) == mine


def test_gc_refuses_what_is_not_there(tmp_path):
    ganray("store", "gc", tmp_path / "none", "--delete").refused("is no store")
    assert not (tmp_path / "none").exists()


BROKEN = {
    "runs/other-0123456789ab/plan.json": "{",
    "runs/x/plan.json": "",
    "sweeps/rates-0123456789ab/needs/x.json": '{"addresses": 3}',
    "sweeps/fast-0123456789ab/trials.json": "[{}",
}


@pytest.mark.parametrize("path", BROKEN)
def test_gc_keeps_every_artifact_while_it_is_not_known_what_is_needed(aged, path):
    if path.endswith("trials.json"):
        needs = Path(aged.url, path).parent / "needs"
        needs.mkdir(parents=True)
        (needs / "x.json").write_text("{}")
    leftover = Path(aged.url, "artifacts", f".ganray-tmp-{'0a' * 16}")
    leftover.write_text("half")
    os.utime(leftover, (0, 0))
    broken = Path(aged.url, path)
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_text(BROKEN[path])
    before = files_below(aged.url)
    answer = ganray("store", "gc", aged.url, "--delete", "--older-than", 0)
    assert answer.code == 0
    assert answer.err.startswith(f"warning: {aged.url}/{path} is damaged: ")
    assert "every artifact and log is kept" in answer.err
    assert before - files_below(aged.url) == {f"artifacts/{leftover.name}"}
    as_json = ganray("store", "gc", aged.url, "--json")
    assert (as_json.code, as_json.err) == (0, "")
    assert path in as_json.json["unreadable"][0]
    broken.unlink()
    assert ganray("store", "gc", aged.url, "--json").json["garbage"]


def test_a_plan_that_cannot_be_read_hides_no_other_run(finished, copy, tmp_path):
    broken = Path(copy.url, "runs", "x", "plan.json")
    broken.parent.mkdir()
    broken.write_text('{"plan": {"name": "x"')
    said = f"{copy.url}/runs/x/plan.json is damaged"
    for words in (
        ["status", "tiny"],
        ["report", "tiny"],
        ["logs", "tiny"],
        ["sample", "tiny", "--joint", "-n", 1, "--to", tmp_path / "pictures"],
        ["tensorboard", "tiny", "--to", tmp_path / "curves"],
    ):
        sound = ganray(*words, "--store", finished.url)
        answer = ganray(*words, "--store", copy.url)
        assert (answer.code, answer.err.count("\n")) == (0, 1), answer
        assert answer.err.startswith(f"warning: {said}")
        assert sound.code == 0
        assert sound.err == ""
        as_json = ganray(*words, "--store", copy.url, "--json")
        assert (as_json.code, as_json.err) == (0, "")
        assert [line.startswith(said) for line in as_json.json["unreadable"]] == [True]
    for words in (["status", "x"], ["report", "x"]):
        ganray(*words, "--store", copy.url).refused(said, code=1)


@pytest.mark.parametrize("name", ["outcome.json", "drivers/7.json"])
@pytest.mark.parametrize("content", ["", "{", "[1]", '{"driver": {}}'])
def test_status_names_a_damaged_record_and_goes_on(copy, name, content):
    run = find_run(copy.store, "tiny").plan.run
    record = Path(copy.url, "runs", run, name)
    record.write_text(content)
    answer = ganray("status", "tiny", "--store", copy.url)
    assert answer.code == 0
    assert f"{copy.url}/runs/{run}/{name} is damaged" in answer.err or content.startswith('{"')
    assert "tasks done" in answer.out
