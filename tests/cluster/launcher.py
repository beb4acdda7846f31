"""What is wrong with a file for `ray up`: by Ray's own validation, and what that lets through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import botocore.validate
import jsonschema
import ray.autoscaler
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

from tests.cluster.files import ROOT, documents, secrets, shell

_SETTINGS = ("head_start_ray_commands", "worker_start_ray_commands")
# Compute Engine's instances.insert, as far as these files use it.
_GOOGLE = {
    "machineType",
    "networkInterfaces",
    "disks",
    "guestAccelerators",
    "serviceAccounts",
    "scheduling",
}


def complaints(text: str) -> list[str]:
    """All that is wrong with a cluster file; an empty list for a good one."""
    try:
        (given,) = documents(text)
    except (yaml.YAMLError, ValueError) as error:
        return [f"no YAML document: {error}"]
    found = [*secrets(text), *_by_ray(given)]
    if not found:
        config = prepare_config(given)
        found += [*_provider(given), *_starting(config), *_installing(config)]
        found += _node_types(config) if given["provider"]["type"] != "local" else []
    return found


def _by_ray(config: dict[str, Any]) -> Iterator[str]:
    try:
        validate_config(prepare_config(config))
    except jsonschema.ValidationError as error:
        yield f"Ray: {error.message}"
    except (Exception, SystemExit) as error:
        yield f"Ray: {error!r}"


def _provider(config: dict[str, Any]) -> Iterator[str]:
    """Ray lets unknown keys of a provider pass, though its schema lists those that it knows."""
    schema = json.loads(Path(ray.autoscaler.__file__).with_name("ray-schema.json").read_text())
    known = schema["properties"]["provider"]["properties"]
    yield from (f"provider: unknown key {key!r}" for key in config["provider"] if key not in known)


def _starting(config: dict[str, Any]) -> Iterator[str]:
    """How Ray is started: authenticated, on loopback, without work on the head."""
    for kind in _SETTINGS:
        (start,) = [command for command in config[kind] if "ray start" in command]
        words = start.split()
        if "RAY_AUTH_MODE=token" not in words:
            yield f"{kind}: authentication is not on"
        if not any(word.startswith("--object-spilling-directory=") for word in words):
            yield f"{kind}: no spilling directory"
        if kind.startswith("head"):
            for word in (
                "--num-cpus=0",
                "--num-gpus=0",
                "--dashboard-host=127.0.0.1",
                "--disable-usage-stats",
            ):
                if word not in words:
                    yield f"{kind}: {word} is missing"
        yield from shell(config[kind])
    if config["idle_timeout_minutes"] <= 0:
        yield "idle_timeout_minutes: workers would leave at once"


def _installing(config: dict[str, Any]) -> Iterator[str]:
    """What comes onto the nodes: this project at the versions of the constraints, and the token."""
    for remote, local in config["file_mounts"].items():
        if not local.startswith("~") and not (ROOT / local).exists():
            yield f"file_mounts: {remote} is {local!r}, which is not in the checkout"
    if "~/.ray/auth_token" not in config["file_mounts"]:
        yield "file_mounts: the token is missing"
    commands = config["setup_commands"] + config["head_setup_commands"]
    installs = [command for command in commands if " install --python" in command]
    if not any(command.split()[-1] == "~/ganray" for command in installs):
        yield "setup_commands: nothing installs ganray"
    for command in installs:
        if "--constraint ~/ganray/constraints.txt" not in command:
            yield f"setup_commands: {command!r} does not keep to the constraints"
    yield from shell(commands)


def _node_types(config: dict[str, Any]) -> Iterator[str]:
    """What Ray hands to the cloud as it stands."""
    types, head = config["available_node_types"], config["head_node_type"]
    if any(types[head]["resources"].get(unit) != 0 for unit in ("CPU", "GPU")):
        yield "head: resources must be CPU 0 and GPU 0"
    by_cloud = {"aws": _amazon, "gcp": _google}[config["provider"]["type"]]
    for name, node_type in types.items():
        for problem in by_cloud(node_type["node_config"], name == head):
            yield f"{name}: {problem}"
        if name != head and not 0 <= node_type["min_workers"] <= node_type["max_workers"]:
            yield f"{name}: min_workers and max_workers are upside down"
        if name != head and not node_type["max_workers"]:
            yield f"{name}: max_workers is 0"


def _amazon(node: dict[str, Any], is_head: bool) -> Iterator[str]:
    """By botocore's own model of EC2's RunInstances."""
    request = {**node, "MinCount": 1, "MaxCount": 1}
    report = botocore.validate.ParamValidator().validate(request, _run_instances())
    if report.has_errors():
        yield report.generate_report()
    market = node.get("InstanceMarketOptions", {}).get("MarketType", "on-demand")
    if market != ("on-demand" if is_head else "spot"):
        yield f"it is {market}"
    for key in ("IamInstanceProfile", "SecurityGroupIds"):
        if not node.get(key):
            yield f"{key} is missing"
    if node.get("MetadataOptions", {}).get("HttpTokens") != "required":
        yield "its metadata service answers without a session token"


@cache
def _run_instances() -> Any:
    model = botocore.session.get_session().get_service_model("ec2")
    return model.operation_model("RunInstances").input_shape


def _google(node: dict[str, Any], is_head: bool) -> Iterator[str]:
    yield from (f"unknown key {key!r}" for key in node if key not in _GOOGLE)
    scheduling = node.get("scheduling", {})
    if not isinstance(scheduling, dict):
        yield "scheduling must be one mapping"
    elif (scheduling.get("provisioningModel") == "SPOT") == is_head:
        yield "the head must be on demand and workers spot"
    if not is_head and not node.get("serviceAccounts"):
        yield "serviceAccounts is missing"
