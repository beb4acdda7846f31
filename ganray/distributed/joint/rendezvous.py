"""How the ranks of Ray Train find each other: each listens on its own node's address alone.

`TorchConfig` as it is would have its store listen on every interface of a machine, and gloo on
whatever a host's name resolves to: often an address that other hosts cannot reach.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, no_type_check

import psutil
import ray
import torch
import torch.distributed as dist
from ray.train.torch import TorchConfig

_MEETING_SECONDS = 120.0
_sockets: list[socket.socket] = []  # the first rank's, between `_listen` and `_join`


@dataclass
class OwnInterface(TorchConfig):
    """A `TorchConfig` whose ranks listen on the address of their node, and on no other.

    Args:
        device: as in `resources`; NCCL is taken where every rank has a whole GPU and may use it,
            gloo elsewhere (NCCL refuses two ranks on one GPU).
    """

    device: str = "auto"

    @property
    def backend_cls(self) -> Any:
        """What sets the process group up."""
        return _Rendezvous


class _Rendezvous(TorchConfig().backend_cls):  # type: ignore[misc]
    """Runs on Ray Train's controller, whenever a worker group has started."""

    @no_type_check
    def on_start(self, worker_group, backend_config) -> None:
        whole_gpus = worker_group.get_resources_per_worker().get("GPU", 0) >= 1
        cuda = all(worker_group.execute(_choose_interface))
        nccl = cuda and whole_gpus and backend_config.device != "cpu"
        address = worker_group.execute_single(0, _listen)
        place = (address, len(worker_group), backend_config.timeout_s)
        ray.get(
            [
                worker_group.execute_single_async(
                    rank, _join, "nccl" if nccl else "gloo", rank, *place
                )
                for rank in range(len(worker_group))
            ]
        )


def interface_of(address: str) -> str | None:
    """The network interface that has this IPv4 address; None where that cannot be found out."""
    for name, addresses in psutil.net_if_addrs().items():
        if any((one.family, one.address) == (socket.AF_INET, address) for one in addresses):
            return name
    return None


def _choose_interface() -> bool:
    """Hold gloo and NCCL to the node's interface; whether this rank has CUDA.

    On loopback a name in the environment, which others may have set, does not count.
    """
    address = ray.util.get_node_ip_address()
    if name := interface_of(address):
        for variable in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
            if address.startswith("127."):
                os.environ[variable] = name
            else:
                os.environ.setdefault(variable, name)
    return torch.cuda.is_available()


def _listen() -> tuple[str, int]:
    """Open the port at which the ranks will meet, on this node's address."""
    address = ray.util.get_node_ip_address()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    _sockets.append(socket.create_server((address, 0), family=family))
    return address, _sockets[-1].getsockname()[1]


def _join(backend: str, rank: int, address: tuple[str, int], size: int, seconds: float) -> None:
    """Become one of the default process group."""
    listening = _sockets.pop().detach() if rank == 0 else None
    store = dist.TCPStore(
        *address,
        world_size=size,
        is_master=rank == 0,
        timeout=timedelta(seconds=_MEETING_SECONDS),
        master_listen_fd=listening,
    )
    patience = timedelta(seconds=seconds)
    dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=patience)
