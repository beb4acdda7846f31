"""A study or a sweep as a job takes it along: as one file, known again by what it is for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganray.errors import GanrayError, RefusedInput
from ganray.spec import content_hash
from ganray.studies import Study, as_written, read_study, read_values
from ganray.sweeps import SweepFile, read_sweep_file
from ganray.text.study_yaml import dump
from ganray.text.urls import is_url

if TYPE_CHECKING:
    from ganray.distributed.jobs.submit import Purpose


Given = Study | SweepFile


def read_given(path: str, overrides: Sequence[str], store: str, part: str | None) -> Given:
    """A study file, or a sweep file.

    Raises:
        RefusedInput: as `read_study`; or a part is asked for of a sweep.
    """
    if "sweep" not in read_values(path, overrides):
        return read_study(path, overrides, store)
    if part is not None:
        raise RefusedInput(f"--only (={part!r}) is for studies, and {path} is a sweep file")
    return read_sweep_file(path, overrides, store)


def command_of(given: Given, file: str, store: str, part: str | None) -> list[str]:
    """What a job runs."""
    verb = "sweep" if isinstance(given, SweepFile) else "run"
    words = ["python", "-m", "ganray", verb, file, "--address", "auto", "--store", store]
    return [*words, *(["--only", part] if part else [])]


@contextmanager
def parcel(given: Given) -> Iterator[Path]:
    """It as one file in a folder of its own: with its overrides, its paths absolute."""
    values: dict[str, Any] = as_written(given.settings)
    if isinstance(given, Study):
        values |= {"study": given.settings.study}
    with tempfile.TemporaryDirectory(prefix="ganray-") as folder:
        file = Path(folder) / f"{given.settings.name}.yaml"
        file.write_text(dump(values))
        yield file


def purpose(given: Given, store: str, part: str | None) -> Purpose:
    """What a job of it is for, by which one that runs already is found.

    It is told by the plan; by the settings where only the cluster can make it: its data, its speed.

    Raises:
        GanrayError: it cannot be planned, and nothing of it lies elsewhere.
    """
    from ganray.distributed.jobs.submit import Purpose

    settings = given.settings
    kept = settings.model_dump(mode="json", exclude_defaults=True, exclude={"resources", "cost"})
    plan = content_hash(kept)
    if isinstance(given, SweepFile) or not given.in_device_seconds:
        try:
            plan = _identity(given)
        except GanrayError:
            if not _sources(given):
                raise  # nothing lies elsewhere: it would be refused there, too
    return Purpose(settings.name, plan, store, part or "")


def _identity(given: Given) -> str:
    if isinstance(given, Study):
        return given.plan().id
    return given.settings.identity_of(given.plan().data.fingerprint)


def local_paths(given: Given) -> list[str]:
    """What its settings name of this machine: a job sees the cluster's own files."""
    return [source for source in _sources(given) if not is_url(source)]


def _sources(given: Given) -> list[str]:
    """The paths and URLs that its settings name, beside the embedded set."""
    return [source for source in given.places if source != "embedded"]
