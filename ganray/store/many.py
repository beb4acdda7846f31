"""Looking for many artifacts at once: by one listing of each kind, where a listing is one question.

To ask for one artifact takes three requests of an S3 store, each some milliseconds of a core.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ganray.store.catalogue import Catalogue
from ganray.store.files import Entry, Files
from ganray.store.manifest import MANIFEST_PATH, Manifest, decode, manifest_path

READERS = 8
"""A remote store answers slowly, but many questions at once."""
_FEW = 16  # artifacts of a kind: asked for one by one
_ROOM = 50  # files that may be listed for each of them; to list a thousand costs as to ask for five


def current_manifests(
    catalogue: Catalogue, addresses: Sequence[str], known: Mapping[str, bytes] | None = None
) -> dict[str, Manifest | None]:
    """The highest valid generation of each address, as `Catalogue.manifest` finds it.

    Args:
        known: texts of manifests as they once were, by path. One is taken in place of what lies
            there where the listing says that this has its MD5.

    Raises:
        RefusedInput, StoreError: as of `Catalogue.manifest`.
    """
    kinds: dict[str, list[str]] = defaultdict(list)
    for address in addresses:
        kinds[address.partition("/")[0]].append(address)
    with ThreadPoolExecutor(READERS) as readers:
        listed = readers.map(lambda kind: _listed(catalogue.files, kind, kinds[kind]), kinds)
        listings = dict(zip(kinds, listed, strict=True))

        def find(address: str) -> Manifest | None:
            listing = listings[address.partition("/")[0]]
            if listing is None:
                return catalogue.manifest(address)
            return listing.manifest(catalogue, address, known or {})

        return dict(zip(addresses, readers.map(find, addresses), strict=True))


@dataclass
class _Listing:
    """The files of some trajectories as they were listed.

    Attributes:
        generations: of the manifests, by address.
    """

    sizes: dict[str, int] = field(default_factory=dict)
    md5: dict[str, str] = field(default_factory=dict)
    generations: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, entry: Entry) -> None:
        self.sizes[entry.path] = entry.size
        if path := MANIFEST_PATH.fullmatch(entry.path):
            self.md5[entry.path] = entry.md5
            self.generations[path["address"]].append(int(path["generation"]))

    def manifest(
        self, catalogue: Catalogue, address: str, known: Mapping[str, bytes]
    ) -> Manifest | None:
        """The highest valid generation of an address."""
        for generation in sorted(self.generations.get(address, ()), reverse=True):
            text = self._unchanged(manifest_path(address, generation), known)
            manifest = None if text is None else decode(Manifest, text, address)
            if manifest is None or not catalogue.are_stored(manifest.files, self.sizes):
                manifest = catalogue.manifest_at(address, generation, self.sizes)
            if manifest is not None:
                return manifest
        return None

    def _unchanged(self, path: str, known: Mapping[str, bytes]) -> bytes | None:
        text = known.get(path)
        if text is None:
            return None
        same = hashlib.md5(text, usedforsecurity=False).hexdigest() == self.md5[path]
        return text if same else None


def _listed(files: Files, kind: str, addresses: Iterable[str]) -> _Listing | None:
    """The files of these artifacts' trajectories; None where to ask for each of them costs less."""
    trajectories = {address.rpartition("/")[0] for address in addresses}
    if len(trajectories) < _FEW or not files.lists_at_once:
        return None
    listing, room = _Listing(), _ROOM * len(trajectories)
    for count, entry in enumerate(files.entries(f"artifacts/{kind}/")):
        if count >= room:  # others share the store, or trainers have kept much
            return None
        if "/".join(entry.path.split("/", 3)[1:3]) in trajectories:
            listing.add(entry)
    return listing
