"""Every version that a cluster file names is that of the constraints file."""

from __future__ import annotations

import re
import tomllib

import pytest

from ganray._version import __version__
from tests.cluster.files import KUBERNETES, LAUNCHER, OTHERS, ROOT, documents

_PIN = re.compile(r"\b([a-zA-Z][\w.-]*)==([\w.]+)")
_TAG = re.compile(r"ganray:([\w.]+)-ray([\w.]+)-(cpu|gpu)\b")
_PYTHON = re.compile(r"(?:--python |PYTHON=|python:|Python )(\d\.\d+)")


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.lower().replace("_", "-").split("==") for line in lines if "==" in line)


def python() -> str:
    (found,) = _PYTHON.findall((ROOT / "constraints.txt").read_text())
    return found


def wrong_versions(text: str) -> list[str]:
    """What a text names in another version than the constraints."""
    known = constraints()
    pins = {(name.lower().replace("_", "-"), version) for name, version in _PIN.findall(text)}
    found = [f"{name}=={version}" for name, version in pins if known.get(name) != version]
    for ours, ray, device in _TAG.findall(text):
        if (ours, ray) != (__version__, known["ray"]):
            found.append(f"{ours}-ray{ray}-{device}")
    found += [
        f"rayVersion {seen}"
        for seen in re.findall(r"rayVersion: (\S+)", text)
        if seen != known["ray"]
    ]
    return found + [f"Python {seen}" for seen in _PYTHON.findall(text) if seen != python()]


@pytest.mark.parametrize("name", LAUNCHER + KUBERNETES + OTHERS)
def test_versions_are_those_of_the_constraints(name: str) -> None:
    assert wrong_versions((ROOT / name).read_text()) == []


@pytest.mark.parametrize("name", LAUNCHER)
def test_launcher_pins_python_and_its_installer(name: str) -> None:
    text = (ROOT / name).read_text()
    assert f"--python {python()} " in text
    assert f"uv=={constraints()['uv']}" in text


@pytest.mark.parametrize("name", KUBERNETES)
def test_every_image_is_tagged_with_ray(name: str) -> None:
    text = (ROOT / name).read_text()
    images = re.findall(r"image: (\S+)", text)
    assert len(images) == 3
    assert all(_TAG.search(image) for image in images)
    spec = documents(text)[2]["spec"]
    assert spec.get("rayClusterSpec", spec)["rayVersion"] == constraints()["ray"]


@pytest.mark.parametrize(
    "text",
    [
        "pip install uv==0.1.0",
        "REGISTRY/ganray:0.1.0-ray2.59.0-cpu",
        "REGISTRY/ganray:9.9.9-ray2.60.0-gpu",
        "rayVersion: 2.59.0",
        "uv venv --python 3.10 ~/venv",
        "ARG PYTHON=3.12",
        "pip install unknown-package==1.0",
    ],
)
def test_other_version_is_noticed(text: str) -> None:
    assert len(wrong_versions(text)) == 1


def test_python_and_boto3_suit_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert tuple(map(int, python().split("."))) >= tuple(
        map(int, project["requires-python"].removeprefix(">=").split("."))
    )
    # boto3 asks for a botocore of its own number or newer, and aiobotocore for an older one.
    assert constraints()["boto3"] == constraints()["botocore"]
