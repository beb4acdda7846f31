"""The real images, and what they are measured with: the classifier is trained once."""

from __future__ import annotations

import pytest

from tests.data.published import real_data
from tests.sees.pictures import Source
from tests.sees.ruler import Ruler


@pytest.fixture(scope="session")
def source() -> Source:
    real_data("fashion-mnist")
    return Source(real_data("mnist").parent)


@pytest.fixture(scope="session")
def ruler(source: Source) -> Ruler:
    return Ruler(source)
