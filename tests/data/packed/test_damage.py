"""Archives with bytes changed or cut off are refused in one line, or read."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.formats.hostile import damaged, damages, read_or_refuse
from tests.data.packed.making import packed, tarred
from tests.data.published import digits, encoded, write_folder

IMAGES, LABELS = digits(14, 2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    write_folder(folder / "set", IMAGES, LABELS.astype(str).tolist())
    named = [(f"{row}.png", encoded(IMAGES[row])) for row in range(14)]
    named += [(f"{row}.json", b'{"label": %d}' % LABELS[row]) for row in range(14)]
    paths = [packed(folder / "set", folder / f"a{ending}") for ending in (".zip", ".tar", ".tgz")]
    paths.append(tarred(named, folder / "wds.tar"))
    return [path.read_bytes() for path in paths]


@pytest.mark.parametrize("kind", range(4))
def test_damage_is_told_in_one_line(whole, tmp_path, kind):
    path = tmp_path / "a"

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data):
        path.write_bytes(damaged(whole[kind], data.draw(damages(len(whole[kind])))))
        read_or_refuse(path, held_out=2, test=2)

    check()
