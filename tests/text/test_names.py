"""Names as files, and groups of names as labels: each by its own, and back."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ganray.text.names import as_file, exact_label, label, labels, of_file

ODD = st.text(st.sampled_from("ab/\\_.:+%\" ~é☃\0\n'CONx0123"), max_size=8)
LONG = st.builds(lambda text, count: text * count, ODD, st.integers(1, 60))
NAMES = st.one_of(ODD, LONG, st.text(max_size=8))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("T-shirt/top", "T-shirt%2Ftop"),
        ("class 3 r0", "class 3 r0"),
        ("größe ☃", "größe ☃"),
        ("a::b", "a%3A%3Ab"),
        ("a\\b", "a%5Cb"),
        ("a_b", "a_b"),
        ("50%", "50%25"),
        ("..", "%2E%2E"),
        (".hidden.", "%2Ehidden%2E"),
        ("", "%"),
        ("con", "%63on"),
        ("COM1.txt", "%43OM1.txt"),
        ("conic", "conic"),
    ],
)
def test_ordinary_names_stay_readable(name, file):
    assert as_file(name) == file
    assert of_file(file) == name


@given(NAMES, NAMES)
def test_no_two_names_share_a_file(one, other):
    assume(one != other)
    assert as_file(one) != as_file(other)


@given(st.one_of(NAMES, st.text(st.characters(codec=None), max_size=6)))
def test_a_file_is_one_part_of_a_path_that_any_system_takes(tmp_path_factory, name):
    file = as_file(name)
    assert Path("to", file).parts == ("to", file)
    assert 0 < len(file.encode()) <= 200
    assert not file.startswith(".")
    assert not file.endswith((".", " "))
    assert not set(file) & set('/\\<>:"|?*\0\n')
    assert as_file(name) == file


@given(NAMES)
def test_the_name_comes_back_unless_it_was_too_long(name):
    file = as_file(name)
    if "%-" in file:
        with pytest.raises(ValueError, match="is no whole name"):
            of_file(file)
    else:
        assert of_file(file) == name


@pytest.mark.parametrize("file", ["a/b", ".hidden", "%zz", "%2f", "%41", "con", "a%"])
def test_what_is_no_such_file_is_told(file):
    with pytest.raises(ValueError, match="is no whole name"):
        of_file(file)


@pytest.mark.parametrize(
    ("names", "said"),
    [(["3"], "3"), (["1", "2"], "1+2"), (["a+b"], '"a+b"'), (["a+b", "c"], '"a+b"+c'),
     (['<b a="x">'], '<b a="x">'), (['"a"'], r'"\"a\""'), ([""], '""'), ([" a"], '" a"')],
)  # fmt: skip
def test_ordinary_groups_are_called_by_their_names(names, said):
    assert label(names) == said
    assert {said, "+".join(names)} <= labels(names)


GROUPS = st.lists(st.one_of(ODD, st.sampled_from(["a", "b", "a+b", '"a"', "+"])), min_size=1)


@given(GROUPS, GROUPS)
def test_no_two_groups_are_called_alike(one, other):
    assume(one != other)
    assert label(one) != label(other)
    assert exact_label(one) != exact_label(other)
    assert label(one).isprintable()


def test_what_looks_alike_is_not_the_same_name():
    name = "é"
    assert as_file(name) != as_file(unicodedata.normalize("NFD", name))
