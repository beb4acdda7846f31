from __future__ import annotations

from pathlib import Path

from ganray.report.page import Code, Details, Table
from ganray.report.sections import protocol_section
from tests.report.conftest import JOINT, MadeUp, Make


def table(run: MadeUp, caption: str) -> dict[object, list[object]]:
    blocks = protocol_section(run.results).blocks
    flat = [inner for b in blocks for inner in (b.blocks if isinstance(b, Details) else [b])]
    found = next(b for b in flat if isinstance(b, Table) and caption in b.caption)
    return {row[0]: list(row[1:]) for row in found.rows}


def test_the_url_of_a_card_is_a_folder_with_card_and_weights(whole: MadeUp) -> None:
    url, artifact = table(whole, "load_generator")["joint r0"]
    folder = Path(str(url))
    assert sorted(path.name for path in folder.glob("*.*")) == [
        "README.md",
        "claim.json",
        "generator.safetensors",
    ]
    assert artifact == whole.plan.task(f"card/{JOINT}").inputs["gan"]


def test_a_gan_without_a_card_has_no_url(make_up: Make) -> None:
    run = make_up(failed={f"card/{JOINT}": "stopped"}, replicates=1)
    assert table(run, "load_generator")["joint r0"][0] == "not written"


def test_the_protocol_is_told_field_by_field(whole: MadeUp) -> None:
    protocols = table(whole, "Protocols")
    assert protocols["encoder"] == ["classifier"]
    assert protocols["count"] == ["12"]


def test_versions_and_the_plan_are_told(whole: MadeUp) -> None:
    versions = table(whole, "Versions")
    assert versions["plan"] == [whole.plan.id]
    assert versions["data set’s digest"] == [whole.results.result("data")["digest"]]
    assert {"ganray", "torch", "numpy", "host"} <= set(versions)


def test_settings_stand_in_full_and_without_credentials(whole: MadeUp) -> None:
    settings = {**whole.plan.settings, "data": {"source": "https://me:secret@host/x.parquet"}}
    results = whole.results
    results.plan = whole.plan.model_copy(update={"settings": settings})
    details = protocol_section(results).blocks[-1]
    assert isinstance(details, Details)
    (code,) = details.blocks
    assert isinstance(code, Code)
    assert "replicates: 3" in code.text
    assert "source: https://host/x.parquet" in code.text
    assert "secret" not in code.text
