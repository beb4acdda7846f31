"""What may import what, and what is imported at all."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ganray.runs.records.record import mark_reported, save_run
from tests.stages.stores import copied
from tests.sweeps.files import sweep_file

ROOT = Path(__file__).parents[1]


def test_layers_point_downwards_and_ray_has_one_importer():
    """The contracts stand in pyproject.toml."""
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


def test_the_contract_sees_every_module():
    """Guard of the test above: a package that cannot be imported would have no layers."""
    assert {path.stem for path in (ROOT / "ganray").glob("*.py")} >= {"spec", "sample", "embed"}


def private_names(tree: ast.Module) -> Iterator[str]:
    """What a module uses of Ray that Ray's own style calls private."""
    imported = [one for one in ast.walk(tree) if isinstance(one, ast.Import | ast.ImportFrom)]
    here = {
        (alias.asname or alias.name).partition(".")[0]
        for one in imported
        for alias in one.names
        if (getattr(one, "module", None) or alias.name).partition(".")[0] == "ray"
    }
    for one in imported:
        module = getattr(one, "module", None) or ""
        if module.partition(".")[0] == "ray":
            whole = [f"{module}.{alias.name}" for alias in one.names]
            yield from (name for name in whole if "._" in name)
    for node in ast.walk(tree):
        inner = node
        while isinstance(inner, ast.Attribute):
            inner = inner.value
        if isinstance(node, ast.Attribute) and isinstance(inner, ast.Name) and inner.id in here:
            yield from [node.attr] if re.match("_[a-z]", node.attr) else []


def test_private_names_of_ray_stand_in_one_file():
    files = (ROOT / "ganray").rglob("*.py")
    found = {f.stem for f in files if list(private_names(ast.parse(f.read_text())))}
    assert found == {"ray_internals"}


HEAVY = ("torch", "ray", "pyarrow", "scipy", "pandas", "sympy", "matplotlib")
FORKS = """
import json, os, sys, traceback
import jinja2, numpy, pydantic, typer, yaml
import ganray.cli

HEAVY = json.loads(sys.argv[1])

def loaded():
    return sorted(set(HEAVY) & set(sys.modules))

assert loaded() == [], "what all forks have"
for line in sys.stdin:
    code, sys.argv = json.loads(line)
    child = os.fork()
    if not child:
        told, silent = os.dup(1), os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        try:
            exec(code, {"__name__": "__main__", "loaded": loaded})
        except SystemExit as end:
            assert not end.code, end.code
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os.write(told, json.dumps(loaded()).encode() + b"\\n")
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit("it failed")
"""


@pytest.fixture(scope="module")
def loaded_by() -> Iterator[Callable[..., set[str]]]:
    """Which of the heavy packages `code` has loaded at its end, in a fork of an interpreter that
    has loaded ganray's commands and none of them."""
    words = [sys.executable, "-c", FORKS, json.dumps(HEAVY)]
    with subprocess.Popen(words, cwd=ROOT, stdin=-1, stdout=-1, text=True, bufsize=1) as forks:

        def loaded(code: str, *words: object) -> set[str]:
            forks.stdin.write(json.dumps([code, ["ganray", *map(str, words)]]) + "\n")
            return set(json.loads(forks.stdout.readline()))

        yield loaded


COMMAND = "from ganray.cli import main; main()"


def test_neither_import_nor_help_loads_torch_or_ray(loaded_by):
    assert loaded_by(COMMAND, "--help") == set()
    assert loaded_by("import torch") == {"torch"}  # guard: it can be seen


def test_a_run_is_planned_with_nothing_heavy_but_what_reads_the_data(
    loaded_by, tiny_study, tmp_path
):
    """Ray, which takes seconds, begins to start then, and all that comes is beside it."""
    code = f"""
from ganray.cli.study import read
chosen = read({str(tiny_study)!r}, [], {str(tmp_path)!r})
from ganray.store import Store
from ganray.drivers.run import Agenda, execute
assert not Agenda.open(chosen.plan(Store({str(tmp_path)!r})), Store({str(tmp_path)!r})).complete
"""
    assert loaded_by(code) == {"pyarrow"}


def test_a_run_with_nothing_to_do_loads_what_reads_the_data_alone(
    loaded_by, tiny_run, tiny_study, tmp_path
):
    store = copied(tiny_run, tmp_path)
    store.put(f"reports/{tiny_run.plan.run}/index.html", b"<p>")
    mark_reported(store, tiny_run.plan)
    words = ["run", tiny_study, "--store", store.url]
    assert loaded_by(COMMAND, *words) == {"pyarrow"}


def test_workers_load_no_pandas_before_somebody_asks_for_frames(loaded_by):
    """Workers are loaded while they wait; pyarrow looks for pandas at its first array else."""
    code = """
import ganray.distributed.worker.worker, ganray.stages.importing.data
from ganray.data.arrow import spare_pandas
spare_pandas()
import pyarrow
table = pyarrow.table({"a": [1, 2]})
assert loaded() == ["pyarrow", "ray", "torch"], loaded()
assert pyarrow.array(table.to_pandas()["a"]).to_pylist() == [1, 2]
"""
    assert loaded_by(code) == {"torch", "ray", "pyarrow", "pandas"}


def test_specifications_and_plans_load_without_torch(loaded_by):
    code = (
        "from ganray.train import TrainSpec\n"
        "from ganray.data import DatasetSpec\n"
        "from ganray.plan import Plan\n"
    )
    assert loaded_by(code) == set()


OF_RUNS = sorted(path.relative_to(ROOT) for path in (ROOT / "ganray/runs").rglob("[a-z]*.py"))


@pytest.mark.parametrize("module", [".".join(path.with_suffix("").parts) for path in OF_RUNS])
def test_a_runs_record_is_read_without_torch_and_ray(module, loaded_by):
    assert not loaded_by(f"import {module}") & {"torch", "ray"}


@pytest.mark.parametrize(
    "words",
    [
        "status tiny --store STORE",
        "status tiny --json --store STORE",
        "logs tiny --store STORE",
        "report tiny --store STORE",
        "store ls STORE",
        "store gc STORE",
        "store verify STORE",
    ],
)
def test_what_only_looks_at_a_store_loads_neither_torch_nor_ray(
    words, tiny_run, tmp_path, loaded_by
):
    store = copied(tiny_run, tmp_path)
    save_run(store, tiny_run.plan)
    loaded = loaded_by(COMMAND, *words.replace("STORE", store.url).split())
    slow = {"torch", "ray"} | ({"scipy"} if words.startswith("status") else set())
    assert not loaded & slow


def test_a_study_file_and_a_sweep_file_are_read_without_torch_and_ray(
    tiny_study, tmp_path, loaded_by
):
    code = f"from ganray.studies import read_study\nread_study({str(tiny_study)!r})"
    assert not loaded_by(code) & {"torch", "ray"}
    file = sweep_file(tiny_study, tmp_path)
    code = f"from ganray.sweeps import read_sweep\nread_sweep({file!r}).preparation()"
    assert not loaded_by(code) & {"torch", "ray"}
