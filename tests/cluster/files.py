"""Reading the cluster files: strict YAML, and what all of them are asked."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
LAUNCHER = ("ray-cluster.yaml", "cluster/gcp.yaml", "cluster/onprem.yaml")
KUBERNETES = ("cluster/raycluster.yaml", "cluster/rayjob.yaml")
OTHERS = ("cluster/Dockerfile", "cluster/README.md", "cluster/preemption.py")

# Keys that Amazon or Google give to people: none belongs in a file.
_SECRETS = re.compile(
    r"\b(AKIA|ASIA)[0-9A-Z]{16}\b|aws_?(secret_?)?access_?key|private_key_id|RAY_AUTH_TOKEN=[^$]",
    re.IGNORECASE,
)


class _Strict(yaml.SafeLoader):
    """YAML that refuses a key given twice, of which the usual loader takes the last in silence."""


def _mapping(loader: _Strict, node: yaml.MappingNode) -> dict[Any, Any]:
    given = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
    twice = {key for key in given if given.count(key) > 1}
    if twice:
        raise yaml.constructor.ConstructorError(None, None, f"key given twice: {twice}")
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def documents(text: str) -> list[dict[str, Any]]:
    """All documents of a YAML text.

    Raises:
        yaml.YAMLError: it is no YAML, or gives a key twice.
    """
    return [document for document in yaml.load_all(text, _Strict) if document is not None]


def uncommented(text: str) -> str:
    """The text with its commented-out settings switched on: `#key: …`; prose has a space."""
    return re.sub(r"^( +)#(?=\S| {2})", r"\1", text, flags=re.MULTILINE)


def secrets(text: str) -> Iterator[str]:
    """Complaints about what looks like a credential."""
    for found in _SECRETS.finditer(text):
        yield f"a credential stands in the file: {found[0][:8]}…"


def shell(commands: list[str]) -> Iterator[str]:
    """Complaints of bash about commands, which are read and not run."""
    for command in commands:
        read = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True)
        if read.returncode != 0 or read.stderr:
            yield f"bash cannot read {command!r}: {read.stderr.strip()}"
