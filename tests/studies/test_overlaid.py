"""Whoever is refused for a setting that he did not write is told of those that he did."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from functools import cache, partial
from importlib.resources import files
from typing import Any

import pytest

from ganray.drivers.explain import ExplainedField, explained_fields
from ganray.errors import RefusedInput, quoted
from ganray.spec import Spec, parse
from ganray.studies import STUDIES, study_from, study_module
from ganray.studies.families import families
from ganray.studies.from_spec import adopt
from ganray.studies.overlaid import without_unused
from ganray.studies.presets import PRESETS
from ganray.sweeps import SweepSettings
from ganray.text.study_yaml import load
from ganray.train import WganGp
from ganray.train.algorithms import ALGORITHMS, check_fit
from tests.sweeps.files import SWEEP

FAST = PRESETS["train"]["fast"]
NUMBERS = {"whole number": (1, 30), "number": (0.5, 20.0)}


CROSSED = ("study", "marginals", "split", "encoder", "evaluate")


def refusal(train: Any, **more: Any) -> str:
    with pytest.raises(RefusedInput) as error:
        study_from({"train": train, **more})
    return str(error.value)


def trained(train: Any, *words: str) -> Any:
    return study_from({"train": train}, words).settings.train


def test_a_presets_value_that_means_nothing_any_more_is_left_out():
    fast = {name: value for name, value in FAST.items() if name != "penalty_interval"}
    assert trained({"from": "fast", "penalty": "none"}) == WganGp(**fast, penalty="none")
    assert trained("fast", "train.penalty=none") == WganGp(**fast, penalty="none")
    lsgan = ALGORITHMS.parse({"algorithm": "lsgan", **fast}, "train")
    assert trained({"from": "fast", "algorithm": "lsgan"}) == lsgan


def test_what_was_written_is_not_left_out():
    said = refusal({"from": "fast", "penalty": "none", "penalty_interval": 3})
    assert "penalty_interval (=3) has no meaning with penalty (='none'); leave it out" in said
    assert "fast" not in said
    said = refusal({"algorithm": "lsgan", "penalty_interval": 2})
    assert "with penalty (='none', the default of algorithm 'lsgan')" in said


def test_whose_the_settings_are_that_do_not_go_together():
    said = refusal({"from": "fast", "algorithm": "vae"})
    assert "unknown name 'critic_steps'" in said
    assert (
        "train.critic_steps (=2), train.penalty_interval (=4) of train.from (='fast') does not go "
        "with train.algorithm (='vae') of the file: change this" in said
    )


def test_a_fault_of_the_files_own_is_told_as_ever():
    said = refusal({"from": "fast", "batch": 0}, seed=-1)
    assert "train.batch (=0)" in said
    assert "seed (=-1)" in said
    assert "from" not in said


def test_where_nothing_may_go_nothing_does():
    read = partial(ALGORITHMS.parse, where="train")
    values = {"penalty": "none", "penalty_interval": 2}
    with pytest.raises(RefusedInput, match="has no meaning"):
        without_unused(values, read, [("penalty",)])
    assert without_unused(values, read, [("penalty_interval",)]) == WganGp(penalty="none")


def words_of(field: ExplainedField) -> Iterator[Any]:
    """Values that may stand there, or may not."""
    for word in field.kind.split(" or "):
        if word in NUMBERS:
            yield from NUMBERS[word]
        elif word == "none":
            yield None
        elif word in ("true", "false"):
            yield word == "true"
        elif re.fullmatch(r"[a-z0-9_]+", word):
            yield word


every_field = cache(explained_fields)


@cache
def fields(file: str) -> list[tuple[tuple[str, ...], list[Any]]]:
    """The paths of a kind of file's fields, and what to write there."""
    mine = (field for field in every_field() if file in field.files)
    found: dict[str, dict[str, Any]] = {}
    for field in mine:
        if not re.search(r"\[\]|\*", field.path):
            found.setdefault(field.path, {}).update({str(v): v for v in words_of(field)})
    return [(tuple(path.split(".")), list(values.values())) for path, values in found.items()]


def check(settings: type[Spec], values: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """A file is read with one more word, or refused by that word."""
    *groups, name = path
    changed = inner = copy.deepcopy(values)
    for group in groups:
        if isinstance(inner.setdefault(group, {}), str):
            inner[group] = {"from" if inner[group] == "fast" else "name": inner[group]}
        inner = inner[group]
    inner[name] = value
    try:
        read = adopt(changed, None).read(partial(parse, settings, where="file"))
        if hasattr(read, "model") and hasattr(read, "train"):
            check_fit(read.model, read.train)
    except RefusedInput as error:
        said = str(error)
    else:
        return
    for group in path:
        if re.search(rf"unknown name {group!r}|\b{group}\.\w+: Field required", said):
            return
    name = groups[-1] if name == "name" else name
    shown = [quoted(value), "none" if value is None else str(value)]
    shown += [f"{value:g}"] if isinstance(value, float) else []
    assert re.search(rf"\b{name}\b", said), (path, value, said)
    assert any(one in said for one in shown), (path, value, said)


def template(study: str) -> dict[str, Any]:
    text = files("ganray.studies").joinpath(f"{study}.yaml").read_text()
    values: dict[str, Any] = load(text.replace("{name}", "a"))
    return values


def test_a_word_more_in_a_studys_file():
    alike = set()  # groups that are by themselves are the same in many files
    for study in STUDIES:
        settings, values = study_module(study).Settings, template(study)
        for path, written in fields(study):
            group = settings.model_fields[path[0]].annotation
            known = (path, str(group), str(values.get(path[0])))
            for value in written if path[0] in CROSSED or known not in alike else []:
                check(settings, values, path, value)
            alike.add(known)


def test_a_word_more_in_a_sweeps_file():
    for scheduler in ("asha", "pbt"):
        values = load(SWEEP)
        values["sweep"]["scheduler"] = scheduler
        for path, written in fields("sweep"):
            for value in written if path[0] in ("sweep", "budget", "evaluate", "train") else []:
                check(SweepSettings, values, path, value)


def bases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Networks and training that a file may take as a whole, each kind of both once."""
    yield "fast", {"train": "fast"}
    found = {(one.model.name, one.train.algorithm): one for one in families().values()}
    for family in found.values():
        yield family.name, load(family.text)


@pytest.mark.parametrize(("name", "base"), [*bases()])
def test_a_word_more_beside_a_preset_or_a_family(name, base):
    settings = study_module("marginal_vs_joint").Settings
    read = parse(settings, adopt(base, None).values, "file")
    kinds = {"model": type(read.model), "train": type(read.train)}
    own = {(group, name) for group, kind in kinds.items() for name in kind.model_fields}
    for path, written in fields("marginal_vs_joint"):
        for value in written if path[:2] in own else []:
            check(settings, base, path, value)
