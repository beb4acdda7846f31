"""Where artifacts live: a folder or an S3 bucket, written so that no crash leaves a wrong one.

    artifacts/<kind>/<key>/<extent>/manifest-<generation>.json   what is committed
    artifacts/<kind>/<key>/attempts/<n>/…                        payload and checkpoints
    runs/… reports/… logs/<kind>/<key>/…                         small files, through create/put/get

Payload is written first, under the attempt's own prefix; then the manifest, by a create-only write.
The first complete commit of an address wins, every other attempt adopts it, and nothing is ever
deleted on that path. Everything below rests on one operation, `Files.create`.
"""

import fsspec

from ganray.store.attempt import Attempt
from ganray.store.catalogue import Catalogue
from ganray.store.garbage import Garbage
from ganray.store.manifest import Checkpoint, Manifest, StoredFile
from ganray.store.store import Store

# Data sets, also those in a store, are read by way of fsspec, which else would wait for minutes.
fsspec.register_implementation("s3", "ganray.store.remote.filesystem.DataFiles", clobber=True)

__all__ = ["Attempt", "Catalogue", "Checkpoint", "Garbage", "Manifest", "Store", "StoredFile"]
