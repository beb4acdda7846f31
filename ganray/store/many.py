"""Looking for many artifacts at once: by one listing of each kind, where a listing is one question.

To ask for one artifact takes three requests of an S3 store, each some milliseconds of a core.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ganray.store.catalogue import Catalogue
from ganray.store.files import Entry, Files
from ganray.store.manifest import MANIFEST_PATH, Manifest, decode, manifest_path

READERS = 8
"""A remote store answers slowly, but many questions at once."""
_FEW = 16  # artifacts of a kind: asked for one by one
_MANY = 500  # texts that are to be read: to look for another way to them takes a second
_ROOM = 50  # files that may be listed for each of them; to list a thousand costs as to ask for five


def current_manifests(
    catalogue: Catalogue,
    addresses: Sequence[str],
    known: Mapping[str, bytes] | None = None,
    others: Iterable[Mapping[str, bytes]] = (),
) -> dict[str, Manifest | None]:
    """The highest valid generation of each address, as `Catalogue.manifest` finds it.

    Args:
        known: texts of manifests as they once were, by path. One is taken in place of what lies
            there where the listing says that this has its MD5.
        others: more of these, asked for one after another while many are lacking.

    Raises:
        RefusedInput, StoreError: as of `Catalogue.manifest`.
    """
    kinds: dict[str, list[str]] = defaultdict(list)
    for address in addresses:
        kinds[address.partition("/")[0]].append(address)
    with ThreadPoolExecutor(READERS) as readers:
        listed = readers.map(lambda kind: _listed(catalogue.files, kind, kinds[kind]), kinds)
        listings = dict(zip(kinds, listed, strict=True))
        texts = dict(known or {})
        lacking = _lacking(listings.values(), addresses, texts)
        for more in others if len(lacking) >= _MANY else ():
            texts |= {path: more[path] for path in lacking if path in more}
            if len(lacking := _lacking(listings.values(), addresses, texts)) < _MANY:
                break
        swift = catalogue.files.swift_reader() if len(lacking) >= _MANY else None

        def find(address: str) -> Manifest | None:
            listing = listings[address.partition("/")[0]]
            if listing is None:
                return catalogue.manifest(address)
            return listing.manifest(catalogue, address, texts, swift or (lambda _: None))

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
        self,
        catalogue: Catalogue,
        address: str,
        known: Mapping[str, bytes],
        swift: Callable[[str], bytes | None],
    ) -> Manifest | None:
        """The highest valid generation of an address."""
        for generation in sorted(self.generations.get(address, ()), reverse=True):
            path = manifest_path(address, generation)
            text = known[path] if self.holds(path, known) else swift(path)
            manifest = None if text is None else decode(Manifest, text, address)
            if not (
                manifest is not None
                and (manifest.address, manifest.generation) == (address, generation)
                and catalogue.are_stored(manifest.files, self.sizes)
            ):
                manifest = catalogue.manifest_at(address, generation, self.sizes)
            if manifest is not None:
                return manifest
        return None

    def holds(self, path: str, known: Mapping[str, bytes]) -> bool:
        """Whether what is known of a manifest's text is what lies there, by its MD5."""
        text = known.get(path)
        if text is None:
            return False
        return hashlib.md5(text, usedforsecurity=False).hexdigest() == self.md5[path]


def _lacking(
    listings: Iterable[_Listing | None], addresses: Iterable[str], known: Mapping[str, bytes]
) -> list[str]:
    """The paths of those addresses' newest manifests whose texts are not known."""
    wanted, found = set(addresses), []
    for listing in filter(None, listings):
        for address, generations in listing.generations.items():
            path = manifest_path(address, max(generations))
            if address in wanted and not listing.holds(path, known):
                found.append(path)
    return found


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
