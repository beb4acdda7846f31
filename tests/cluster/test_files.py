"""Every cluster file is good, and a file with one thing broken in it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cluster import kubernetes, launcher
from tests.cluster.files import KUBERNETES, LAUNCHER, ROOT, documents, uncommented

# file, what to replace, by what, a word of the complaint
BROKEN = [
    ("ray-cluster.yaml", "max_workers: 8", "max_worker: 8", "max_worker"),
    ("ray-cluster.yaml", "max_workers: 8", "max_workers: 8\nmax_workers: 9", "twice"),
    ("ray-cluster.yaml", "head_node_type: head", "head_node_type: haed", "head_node_type"),
    ("ray-cluster.yaml", "  region: us-west-2", "  regoin: us-west-2", "regoin"),
    ("ray-cluster.yaml", "MarketType: spot", "MarketType: sopt", "sopt"),
    (
        "ray-cluster.yaml",
        "      InstanceMarketOptions:\n        MarketType: spot\n",
        "",
        "on-demand",
    ),
    ("ray-cluster.yaml", "InstanceType: m6i", "InstanceTyp: m6i", "InstanceTyp"),
    ("ray-cluster.yaml", "VolumeSize: 150", "VolumeSize: big", "VolumeSize"),
    (
        "ray-cluster.yaml",
        "      SecurityGroupIds: [sg-00000000000000000]\n",
        "",
        "SecurityGroupIds",
    ),
    ("ray-cluster.yaml", "HttpTokens: required", "HttpTokens: optional", "session token"),
    ("ray-cluster.yaml", '{"CPU": 0, "GPU": 0}', '{"CPU": 2, "GPU": 0}', "CPU 0"),
    ("ray-cluster.yaml", "--num-cpus=0 ", "", "--num-cpus=0"),
    ("ray-cluster.yaml", "--dashboard-host=127.0.0.1", "--dashboard-host=0.0.0.0", "127.0.0.1"),
    ("ray-cluster.yaml", "RAY_AUTH_MODE=token ray start --head", "ray start --head", "not on"),
    (
        "ray-cluster.yaml",
        "RAY_AUTH_MODE=token ray start --address",
        "ray start --address",
        "not on",
    ),
    ("ray-cluster.yaml", '"~/.ray/auth_token": ', '"~/.ray/auth": ', "token"),
    ("ray-cluster.yaml", '"~/ganray/ganray": ganray', '"~/ganray/ganray": ganry', "ganry"),
    (
        "ray-cluster.yaml",
        "--constraint ~/ganray/constraints.txt ~/ganray",
        "~/ganray",
        "constraints",
    ),
    ("ray-cluster.yaml", "|| echo 'export", "|| echo export", "bash"),
    ("ray-cluster.yaml", "provider:\n", "provider:\n  aws_secret_access_key: x\n", "credential"),
    ("cluster/gcp.yaml", "  project_id: my-project", "  project: my-project", "project"),
    ("cluster/gcp.yaml", "machineType: n2-standard-2", "machinetype: n2-standard-2", "machinetype"),
    ("cluster/gcp.yaml", "provisioningModel: SPOT", "provisioningModel: STANDARD", "spot"),
    ("cluster/gcp.yaml", "        provisioningModel", "        - provisioningModel", "document"),
    ("cluster/gcp.yaml", 'resources: {"CPU": 8}', "resources: {CPU: eight}", "eight"),
    ("cluster/gcp.yaml", " --object-spilling-directory=$HOME/ray-spill", "", "spilling"),
    ("cluster/onprem.yaml", "  head_ip:", "  head:", "head"),
    ("cluster/onprem.yaml", "auth:\n", "available_node_types: {head: {}}\nauth:\n", "Ray"),
    ("cluster/onprem.yaml", "ssh_user:", "user:", "user"),
    ("cluster/raycluster.yaml", "authOptions:", "authOption:", "authOption"),
    ("cluster/raycluster.yaml", "{mode: token}", "{mode: disabled}", "authentication"),
    ("cluster/raycluster.yaml", "version: v2", "version: v3", "v3"),
    ("cluster/raycluster.yaml", "containerPort: 8265", "containerPort: dashboard", "dashboard"),
    ("cluster/raycluster.yaml", 'num-cpus: "0"', 'num-cpus: "2"', "work"),
    ("cluster/raycluster.yaml", 'num-cpus: "0"', "num-cpus: 0", "string"),
    ("cluster/raycluster.yaml", "serviceType: ClusterIP", "serviceType: LoadBalancer", "outside"),
    (
        "cluster/raycluster.yaml",
        "serviceAccountName: ganray",
        "serviceAccountName: other",
        "account",
    ),
    ("cluster/raycluster.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "root"),
    ("cluster/raycluster.yaml", "ray2.60.0-gpu", "ray2.60.0-cpu", "gpu image"),
    ("cluster/raycluster.yaml", "maxReplicas: 4", "maxReplica: 4", "maxReplica"),
    ("cluster/rayjob.yaml", "  backoffLimit: 2\n", "", "backoffLimit"),
    ("cluster/rayjob.yaml", "activeDeadlineSeconds: 86400", "activeDeadlineSeconds: day", "day"),
    (
        "cluster/rayjob.yaml",
        "shutdownAfterJobFinishes: true",
        "shutdownAfterJobFinishes: false",
        "stay",
    ),
    ("cluster/rayjob.yaml", "--store s3://BUCKET/PREFIX", "", "entrypoint"),
    ("cluster/rayjob.yaml", "kind: RayJob", "kind: RayJobs", "RayJobs"),
]


def schemas() -> Path | None:
    """The published CRD schemas; None where the test data are not."""
    folder = Path(os.environ.get("GANRAY_TEST_DATA", "")) / "kuberay"
    return folder if os.environ.get("GANRAY_TEST_DATA") and folder.is_dir() else None


def complaints(name: str, text: str) -> list[str]:
    if name in KUBERNETES:
        return kubernetes.complaints(text, schemas())
    return launcher.complaints(text)


@pytest.mark.parametrize("name", LAUNCHER + KUBERNETES)
def test_cluster_file_is_good(name: str) -> None:
    assert complaints(name, (ROOT / name).read_text()) == []


@pytest.mark.parametrize(("name", "old", "new", "word"), BROKEN)
def test_broken_file_is_noticed(name: str, old: str, new: str, word: str) -> None:
    if name in KUBERNETES and schemas() is None:
        pytest.skip("no CRD schemas: GANRAY_TEST_DATA is not set")
    text = (ROOT / name).read_text()
    assert old in text
    assert word in " ".join(complaints(name, text.replace(old, new)))


@pytest.mark.skipif(schemas() is None, reason="no CRD schemas: GANRAY_TEST_DATA is not set")
@pytest.mark.parametrize("name", KUBERNETES)
def test_commented_settings_are_good_too(name: str) -> None:
    text = uncommented((ROOT / name).read_text())
    cluster = documents(text)[2]["spec"]
    cluster = cluster.get("rayClusterSpec", cluster)
    assert cluster["gcsFaultToleranceOptions"]["redisAddress"]
    assert kubernetes.complaints(text, schemas()) == []


def test_job_has_the_cluster_of_the_other_manifest() -> None:
    cluster, job = (documents((ROOT / name).read_text()) for name in KUBERNETES)
    assert cluster[:2] == job[:2]
    spec = job[2]["spec"]["rayClusterSpec"]
    assert spec != cluster[2]["spec"]
    assert kubernetes.without_study(spec) == cluster[2]["spec"]
