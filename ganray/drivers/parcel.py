"""A study as a job takes it along: as one file, known again by what it is for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganray.errors import GanrayError
from ganray.spec import content_hash
from ganray.studies import Study, as_written
from ganray.study_yaml import dump
from ganray.urls import is_url

if TYPE_CHECKING:
    from ganray.distributed.jobs.submit import Purpose


@contextmanager
def parcel(study: Study) -> Iterator[Path]:
    """The study as one file in a folder of its own: with its overrides, its paths absolute."""
    values: dict[str, Any] = as_written(study.settings)
    with tempfile.TemporaryDirectory(prefix="ganray-") as folder:
        file = Path(folder) / f"{study.settings.name}.yaml"
        file.write_text(dump(values | {"study": study.settings.study}))
        yield file


def purpose(study: Study, store: str, part: str | None) -> Purpose:
    """What a job of the study is for, by which one that runs already is found.

    It is told by the plan; by the settings where only the cluster can make it: its data, its speed.

    Raises:
        GanrayError: the study cannot be planned, and nothing of it lies elsewhere.
    """
    from ganray.distributed.jobs.submit import Purpose

    settings = study.settings
    kept = settings.model_dump(mode="json", exclude_defaults=True, exclude={"resources", "cost"})
    plan = content_hash(kept)
    if not study.in_device_seconds:
        try:
            plan = study.plan().id
        except GanrayError:
            if not _sources(study):
                raise  # nothing lies elsewhere: it would be refused there, too
    return Purpose(settings.name, plan, store, part or "")


def local_paths(study: Study) -> list[str]:
    """What a study's settings name of this machine: a job sees the cluster's own files."""
    return [source for source in _sources(study) if not is_url(source)]


def _sources(study: Study) -> list[str]:
    """The paths and URLs that a study's settings name, beside the embedded set."""
    return [source for source in study.places if source != "embedded"]
