"""An address at which no head can be is refused at once; Ray would try it for minutes."""

from __future__ import annotations

import socket

import pytest

pytest.importorskip("ray")

import ray

from ganray.distributed.cluster.address import refuse_unreachable
from ganray.distributed.cluster.connect import connected
from ganray.errors import RefusedInput


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:8265", "a dashboard's URL.*ganray submit"),
        ("ray://127.0.0.1:10001", "not the address of a head"),
        ("127.0.0.1:9", "no Ray cluster answers: Connection refused"),
        ("127.0.0.1:port", "must be 'auto' or HOST:PORT"),
        ("nowhere.invalid:6379", "no Ray cluster answers"),
        ("http://user:hush@host:8265", "address .='http://host:8265'. is a dashboard's URL"),
        ("user:hush@host:6379", "address .='host:6379'. must be 'auto' or HOST:PORT"),
    ],
)
def test_what_is_no_head_is_refused(address, said):
    with pytest.raises(RefusedInput, match=said) as refused:
        refuse_unreachable(address)
    assert "hush" not in str(refused.value)


def test_somebody_who_listens_passes():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        refuse_unreachable(f"127.0.0.1:{server.getsockname()[1]}")


@pytest.mark.ray
def test_a_process_that_is_connected_is_sent_to_no_other_cluster(ray_session, tmp_path):
    here = ray.get_runtime_context().gcs_address
    for address in (None, "auto", here, here.replace("127.0.0.1", "localhost")):
        with connected(address):
            pass
    with (
        pytest.raises(RefusedInput, match=rf"127.0.0.1:9'.* connected to the cluster at {here}"),
        connected("127.0.0.1:9"),
    ):
        pass
    assert ray.is_initialized()
