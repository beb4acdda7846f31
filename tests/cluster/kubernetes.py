"""What is wrong with a KubeRay manifest: by the CRD's schema, read strictly, and our rules."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from tests.cluster.files import documents, secrets

_PLURAL = {"RayCluster": "rayclusters", "RayJob": "rayjobs"}


def complaints(text: str, schemas: Path | None) -> list[str]:
    """All that is wrong with a manifest; an empty list for a good one. Schemas may be missing."""
    try:
        given = documents(text)
    except yaml.YAMLError as error:
        return [f"no YAML: {error}"]
    found = list(secrets(text))
    kinds = [document.get("kind") for document in given]
    if kinds[:2] != ["ServiceAccount", "NetworkPolicy"] or kinds[2:3] not in (
        ["RayCluster"],
        ["RayJob"],
    ):
        return [*found, f"the documents are {kinds}"]
    resource = given[2]
    if schemas is not None:
        found += by_schema(resource, schemas)
    return found or [*_rules(resource, given[0]["metadata"]["name"])]


def by_schema(resource: dict[str, Any], schemas: Path) -> list[str]:
    """Complaints of the CRD's schema, an unknown key being one."""
    schema = _strict_schema(schemas / f"{_PLURAL[resource['kind']]}.v1.schema.json")
    errors = jsonschema.Draft202012Validator(schema).iter_errors(resource)
    found = [f"schema: {error.json_path}: {error.message[:200]}" for error in errors]
    if resource["apiVersion"] != "ray.io/v1":
        found.append(f"apiVersion is {resource['apiVersion']}")
    return found


@cache
def _strict_schema(path: Path) -> dict[str, Any]:
    """The API server prunes unknown keys in silence; here they are errors."""
    schema = json.loads(path.read_text())
    _close(schema)
    return schema


def _close(schema: Any) -> None:
    if isinstance(schema, list):
        for part in schema:
            _close(part)
    elif isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
        for part in schema.values():
            _close(part)


def _rules(resource: dict[str, Any], account: str) -> Iterator[str]:
    """What the schema cannot know."""
    cluster = resource["spec"].get("rayClusterSpec", resource["spec"])
    if cluster.get("authOptions") != {"mode": "token"}:
        yield "authOptions: authentication is not on"
    if not cluster.get("enableInTreeAutoscaling"):
        yield "enableInTreeAutoscaling is off"
    if cluster.get("autoscalerOptions", {}).get("version") != "v2":
        yield "autoscalerOptions.version is not v2"
    head, workers = cluster["headGroupSpec"], cluster.get("workerGroupSpecs", [])
    if any(head["rayStartParams"].get(unit) != "0" for unit in ("num-cpus", "num-gpus")):
        yield "headGroupSpec: the head would be given work"
    if head.get("serviceType") != "ClusterIP":
        yield "headGroupSpec: the dashboard would be seen from outside"
    for group in [head, *workers]:
        yield from _pod(group, account)
    devices = {bool(_limits(group).get("nvidia.com/gpu")) for group in workers}
    if devices != {True, False}:
        yield "workerGroupSpecs: one group with and one without GPUs"
    for group in workers:
        if not 0 <= group["minReplicas"] <= group["replicas"] <= group["maxReplicas"] > 0:
            yield f"{group['groupName']}: replicas are upside down"
    if resource["kind"] == "RayJob":
        yield from _job(resource["spec"])


def _pod(group: dict[str, Any], account: str) -> Iterator[str]:
    name, pod = group.get("groupName", "head"), group["template"]["spec"]
    (container,) = pod["containers"]
    if pod.get("serviceAccountName") != account:
        yield f"{name}: S3 is reached by the service account {account!r}"
    if not pod.get("securityContext", {}).get("runAsNonRoot"):
        yield f"{name}: runs as root"
    if container["resources"]["requests"] != container["resources"]["limits"]:
        yield f"{name}: requests and limits differ, so Ray would count on what it may not get"
    wanted = "gpu" if _limits(group).get("nvidia.com/gpu") else "cpu"
    if not container["image"].endswith(f"-{wanted}"):
        yield f"{name}: {container['image']} is not the {wanted} image"
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    if not {"/dev/shm", group["rayStartParams"].get("object-spilling-directory")} <= mounts:
        yield f"{name}: shared memory and the spilling directory need volumes"
    volumes = {volume["name"] for volume in pod["volumes"]}
    if volumes != {mount["name"] for mount in container["volumeMounts"]}:
        yield f"{name}: volumes and mounts differ"
    if group.get("groupName") and "drain-node" not in json.dumps(container.get("lifecycle")):
        yield f"{name}: a deleted pod is not drained"


def _job(spec: dict[str, Any]) -> Iterator[str]:
    for key in ("backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"):
        if not spec.get(key):
            yield f"{key} is missing"
    if not spec.get("shutdownAfterJobFinishes"):
        yield "shutdownAfterJobFinishes: the cluster would stay and cost"
    words = spec["entrypoint"].split()
    if words[:2] != ["ganray", "run"] or "--address" not in words or "--store" not in words:
        yield f"entrypoint: {spec['entrypoint']!r}"


def _limits(group: dict[str, Any]) -> dict[str, str]:
    return group["template"]["spec"]["containers"][0]["resources"]["limits"]


def without_study(spec: dict[str, Any]) -> dict[str, Any]:
    """A cluster's specification less what a job's head alone has: the mounted study."""
    spec = copy.deepcopy(spec)
    pod = spec["headGroupSpec"]["template"]["spec"]
    pod["volumes"] = [volume for volume in pod["volumes"] if volume["name"] != "study"]
    container = pod["containers"][0]
    mounts = container["volumeMounts"]
    container["volumeMounts"] = [mount for mount in mounts if mount["name"] != "study"]
    return spec
