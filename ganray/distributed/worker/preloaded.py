"""What workers of a local Ray load while they wait for work: each imports this as it starts.

As many load at once as there are cores beside the driver's own, which loads and reckons meanwhile:
the first ones are ready, and their training has begun, while others still load, and no core idles.
Ray starts one for each core: where memory is short of so many, they load when they are needed.
"""

from __future__ import annotations

from ganray.distributed.ray_internals import session_folder
from ganray.distributed.worker.turns import turn
from ganray.process.cores import cores_given
from ganray.process.memory import memory_free

_MEMORY = 2**28
"""Bytes that a worker which has loaded everything holds by itself, and a half more."""

with turn(session_folder(), max(1, cores_given() - 1)):
    free = memory_free()
    if free is None or free > 2 * _MEMORY * cores_given():
        import ganray.distributed.worker.worker
        import ganray.stages.importing.data  # noqa: F401
