"""Prints the page, or what no row reaches."""

from __future__ import annotations

import argparse

from tests.data.refusals.page import page
from tests.data.refusals.sites import unreached


def main() -> None:
    """What the words ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unreached", action="store_true", help="places that no row reaches")
    told = parser.parse_args()
    if told.unreached:
        print("\n".join(unreached()))
    else:
        print(page(), end="")


if __name__ == "__main__":
    main()
