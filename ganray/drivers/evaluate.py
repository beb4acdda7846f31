"""`ganray.evaluate(…)`: scores of any images against real ones, from Python or a notebook.

done = ganray.evaluate("photos/test", {"mine": "samples", "theirs": "other-samples"})
done.scores               # a row for each metric, encoder and set
done.report               # shows itself in a notebook
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ganray.data.spec import Pictures
from ganray.drivers.python import FinishedRun, run
from ganray.errors import RefusedInput, quoted
from ganray.spec import parse
from ganray.studies.evaluation import usual_encoders

Place = str | Path


def evaluate(
    real: Place,
    generated: Place | Sequence[Place] | Mapping[str, Place | Sequence[Place]],
    train: Place | None = None,
    *,
    metrics: str | Sequence[Any] = (),
    encoders: str | Sequence[Any] = (),
    samples: int | None = None,
    size: int | Sequence[int] | None = None,
    channels: int | None = None,
    skip_unreadable: bool = False,
    name: str = "evaluation",
    store: Place = "ganray-store",
    runner: str = "ray",
    address: str | None = None,
    overrides: Sequence[str] = (),
    quiet: bool = False,
) -> FinishedRun:
    """Score sets of images against real ones, as `ganray evaluate` does, and read the report.

    Args:
        real: images that generated ones are compared with: a folder, an archive, a Parquet file or
            a URL, with or without labels.
        generated: sets of images, by what they are called if it is a mapping, else by the last
            part of their places. Several places of one name are one generator's replicates.
        train: images that the generators were trained on.
        metrics: names, or groups with settings; none: the usual ones.
        encoders: names, or groups with settings; none: pixels, and the classifier where classes
            and training images are known.
        samples: images of each set; none: as many as the smallest has.
        size: that all images are brought to: height and width, or one number for both.
        channels: that all images are given: 1 (grey) or 3 (colour).
        skip_unreadable: whether images that cannot be read are left out, counted and named.
        name: of the run.
        store, runner, address, overrides, quiet: as of `ganray.run`.

    Raises:
        RefusedInput: before anything is computed, for whatever is not valid.
        Stopped: on Ctrl-C.
        StoreError: the store cannot be read or written.
    """
    told = evaluation_settings(
        str(real),
        named(generated, "generated"),
        None if train is None else str(train),
        [metrics] if isinstance(metrics, str) else metrics,
        [encoders] if isinstance(encoders, str) else encoders,
        samples,
        name,
        {"size": size, "channels": channels, "skip_unreadable": skip_unreadable},
    )
    return run(told, store=store, runner=runner, address=address, overrides=overrides, quiet=quiet)


def evaluation_settings(
    real: str,
    generated: Sequence[tuple[str, str]],
    train: str | None,
    metrics: Sequence[Any],
    encoders: Sequence[Any],
    samples: int | None,
    name: str,
    pictures: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The settings of a study of these sets, each of them its name and its place.

    Args:
        pictures: what is done with their images; values that are None or False: nothing.

    Raises:
        RefusedInput: no encoder is named, and a source that decides about them cannot be read.
    """
    how = {name: value for name, value in (pictures or {}).items()
           if value is not None and value is not False}  # fmt: skip
    known = parse(Pictures, how, "pictures")
    evaluate: dict[str, Any] = {"encoders": list(encoders) or usual_encoders(real, train, known)}
    evaluate |= {"metrics": list(metrics)} if metrics else {}
    evaluate |= {} if samples is None else {"samples": samples}
    return {
        "study": "evaluation",
        "name": name,
        "real": {"source": real},
        "generated": [{"name": called, "source": source} for called, source in generated],
        "evaluate": evaluate,
        **({} if train is None else {"train": {"source": train}}),
        **({"pictures": how} if how else {}),
    }


def named(
    sets: Place | Sequence[Place] | Mapping[str, Place | Sequence[Place]], argument: str
) -> list[tuple[str, str]]:
    """Each set with its name.

    Raises:
        RefusedInput: two that are not named would be called alike, or one not at all.
    """
    if isinstance(sets, Mapping):
        told = {str(name): _several(places, f"{argument}.{name}") for name, places in sets.items()}
        return [(name, place) for name, places in told.items() for place in places]
    found: dict[str, str] = {}
    for place in _several(sets, argument):
        name = _called(place)
        if not name or name in found:
            same = f"; {found[name]!r} is called {name!r} already" if name in found else ""
            raise RefusedInput(
                f"{argument} (={quoted(place)}) needs a name of its own{same}: write "
                f"NAME={place}, in Python {{'NAME': {place!r}}}"
            )
        found[name] = place
    return list(found.items())


def _several(places: Place | Sequence[Place], argument: str) -> list[str]:
    several = [places] if isinstance(places, str | Path) else places
    if not isinstance(several, list | tuple) or not several or not all(map(_is_place, several)):
        raise RefusedInput(
            f"{argument} (={quoted(places)}) must be a place of images, or a list of places"
        )
    return [str(one) for one in several]


def _is_place(value: object) -> bool:
    return isinstance(value, str | Path) and bool(str(value))


_SUFFIXES = (".parquet", ".zip", ".tar", ".gz", ".npz", ".csv")


def _called(place: str) -> str:
    last = PurePosixPath(place.rstrip("/").partition("?")[0]).name
    for suffix in _SUFFIXES:  # a folder may be called lr0.1
        last = last.removesuffix(suffix)
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", last).strip("-_.")[:32]
