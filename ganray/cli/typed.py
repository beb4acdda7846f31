"""What is refused of a setting names the option by which it was typed, where there is one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ganray.errors import RefusedInput

_BEGINS = r"(?:^|(?<=; ))(?:settings: )?"  # of a problem; a line may tell of several
_WORDED = {"Input should be": "must be", "must be": "must be", "String should match": "must match"}


@contextmanager
def as_typed(options: Mapping[str, str]) -> Iterator[None]:
    """While this lasts, errors name options in the place of settings.

    Args:
        options: those that were typed, by patterns of the settings' paths as errors have them.

    Raises:
        RefusedInput: whatever is raised meanwhile, in these words.
    """
    try:
        yield
    except RefusedInput as error:
        before = str(error)
        if (after := in_options(before, options)) == before:
            raise
        raise RefusedInput(after) from None


def in_options(text: str, options: Mapping[str, str]) -> str:
    """An error's line with options for the settings whose problems it tells of."""
    for path, option in options.items():
        text = re.sub(rf"{_BEGINS}{path}(?:\.\d+)?(?=[ :])", option, text)
        for told, said in _WORDED.items():
            text = re.sub(rf"({option} \(=[^;]*?\)): {told}", rf"\1 {said}", text)
    return text
