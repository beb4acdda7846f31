"""What messages quote: never a password, never more than a line or two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.errors import one_line, quoted, without_secrets


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://user:secret@host:1/a/b?token=x#y", "http://host:1/a/b"),
        ("https://h?x=1", "https://h"),
        ("s3://bucket/a@b/c", "s3://bucket/a@b/c"),
        ("http://u:secret@[::1", "http://[::1"),
        ("a/path?with=signs", "a/path?with=signs"),
        ("", ""),
    ],
)
def test_a_url_is_left_without_what_may_be_secret(url, plain):
    assert without_secrets(url) == plain


@given(st.text(alphabet="abc:/?#@[]", max_size=20))
def test_whatever_is_wrong_with_a_url_it_can_be_shown(text):
    shown = without_secrets(f"http://user:hush@{text}")
    assert shown.startswith("http://")
    assert "hush" not in shown or "/" in text.partition("@")[0]


def test_a_message_is_one_line_without_credentials():
    error = ValueError("no answer\nfrom http://u:hush@h/x?y, really")
    assert one_line(error) == "no answer from http://h/x really"
    assert one_line(KeyError()) == "KeyError"


def test_a_value_is_quoted_without_credentials_and_not_without_end():
    assert quoted(["http://u:hush@h/x"]) == "['http://h/x']"
    assert len(quoted("x" * 10**6)) < 400
