"""What may import what, and what is imported at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


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
    assert {path.stem for path in (ROOT / "ganray").glob("*.py")} >= {"plan", "sample", "search"}


def loaded_by(code: str) -> str:
    """Which of the heavy packages `code` has loaded when its interpreter ends."""
    report = (
        "import sys, atexit\n"
        "sys.argv = ['ganray', '--help']\n"
        "heavy = lambda: sorted({'torch', 'ray', 'pyarrow'} & set(sys.modules))\n"
        "atexit.register(lambda: print('\\nloaded', *heavy()))\n"
    )
    return python(report + code).splitlines()[-1].removeprefix("loaded").strip()


def test_neither_import_nor_help_loads_torch_or_ray():
    assert loaded_by("import ganray") == ""
    assert loaded_by("from ganray.cli import main; main()") == ""
    assert loaded_by("import torch") == "torch"  # guard: it can be seen


def test_specifications_and_plans_load_without_torch():
    code = (
        "from ganray.train import TrainSpec\n"
        "from ganray.data import DatasetSpec\n"
        "from ganray.plan import Plan\n"
    )
    assert loaded_by(code) == ""
