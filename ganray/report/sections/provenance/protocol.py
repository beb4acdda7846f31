"""How it was measured and made: protocols, settings, data, versions and where the GANs lie."""

from __future__ import annotations

from ganray.report.comparing.equality import equality
from ganray.report.page import Block, Code, Column, Details, Paragraph, Section, Strip, Table
from ganray.report.reading.results import Results
from ganray.text.study_yaml import dump
from ganray.text.urls import text_without_secrets


def protocol_section(results: Results) -> Section:
    """Everything that is needed to check or repeat the numbers, and to load the GANs."""
    settings, said = dump(results.plan.settings), equality(results)
    blocks: list[Block] = [
        Paragraph(data_line(results)),
        *([Paragraph(f"Training: {said}{_speed(results)}")] if said else []),
        *_truncated(results),
        _protocols(results),
        versions_table(results),
        *([Details("Where the GANs lie", [_weights(results)])] if results.gans else []),
        Details("Settings of the study", [Code(text_without_secrets(settings))]),
    ]
    return Section("Protocol and versions", "protocol", blocks)


def data_line(results: Results) -> str:
    """The data set in a sentence or two."""
    info = results.plan.dataset
    counts = ", ".join(
        f"{sum(per_class):,} {split.replace('_', '-')}"
        for split, per_class in info["counts"].items()
        if sum(per_class)
    )
    found = results.result("data").get("notes", "") if "data" in results.plan.roles else ""
    notes = "".join(f" {note}" for note in (info.get("notes"), found) if note)
    shape = "×".join(str(size) for size in info["shape"])
    return f"Data: {info['name']}, {shape} pixels; {counts} images.{notes}"


def _speed(results: Results) -> str:
    speed = results.plan.speed
    if speed is None:
        return ""
    record = speed["record"]
    return (
        f" The speed was measured on {record['host']} ({record['device_name']}, torch "
        f"{record['torch']}, {speed['rounds']} iterations, {record['created']}) and is kept in "
        "the store."
    )


def _truncated(results: Results) -> list[Paragraph]:
    """How far latent vectors were held in, where they were."""
    bound = results.plan.settings.get("sample", {}).get("truncation")
    if bound is None:
        return []
    said = f"within ±{bound:g} standard deviations, others being drawn anew"
    return [Paragraph(f"Samples: the numbers of latent vectors are {said}.")]


def _protocols(results: Results) -> Table:
    protocols = {m.score.fingerprint: m.score.protocol for m in results.scores}
    fields = next(iter(protocols.values())).model_dump() if protocols else {}
    rows: list[list[str | Strip]] = [
        [name.replace("_", " "), *(field_text(getattr(p, name)) for p in protocols.values())]
        for name in fields
    ]
    return Table("Protocols", [Column("field"), *(Column(name) for name in protocols)], rows)


def field_text(value: object) -> str:
    """One field of a protocol."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def versions_table(results: Results) -> Table:
    """What made the artifacts, and where."""
    names = ("ganray", "torch", "numpy", "cpu_capability", "device", "host")
    rows: list[list[str | Strip]] = [["plan", results.plan.id], ["run", results.plan.run]]
    if results.dataset:
        rows.append(["data set’s digest", results.dataset.info.digest])
    for name in names:
        found = {str(m.record[name]) for m in results.manifests.values() if name in m.record}
        if found:
            rows.append([name.replace("_", " "), ", ".join(sorted(found))])
    ended = results.outcome.get("ended")
    if ended:
        rows.append(["last ended", str(ended)])
    return Table("Versions and places, over all artifacts", [Column("what"), Column("value")], rows)


def _weights(results: Results) -> Table:
    rows: list[list[str | Strip]] = []
    for gan in {gan.task.address: gan for gan in results.gans}.values():
        card = next(map(results.manifest, results.made_of(gan.task, "card")), None)
        url = "not written"
        if card:
            folder = card.file("generator.safetensors").path.rpartition("/")[0]
            url = f"{results.store.url}/{folder}"
        rows.append([gan.task.title, url, gan.task.address])
    columns = [Column("GAN"), Column("URL of its card"), Column("training artifact")]
    caption = "ganray.load_generator(URL) gives a GAN from the folder of its card"
    return Table(caption, columns, rows)
