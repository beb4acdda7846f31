"""What workers of a local Ray load while they wait for work: each imports this as it starts.

As many load at once as there are cores beside the driver's own, which loads and reckons meanwhile:
the first ones are ready, and their training has begun, while others still load, and no core idles.
"""

from __future__ import annotations

from ganray.distributed.ray_internals import session_folder
from ganray.distributed.worker.turns import turn
from ganray.process.cores import cores_given

with turn(session_folder(), max(1, cores_given() - 1)):
    import ganray.distributed.worker.worker
    import ganray.stages.data  # noqa: F401
