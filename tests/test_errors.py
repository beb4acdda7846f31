"""What messages quote: never a password, never more than a line or two."""

from __future__ import annotations

import pytest

from ganray.errors import RefusedInput, brief, one_line, quoted, refuse_secrets


def test_a_message_is_one_line_without_credentials():
    error = ValueError("no answer\nfrom http://u:hush@h/x?y, really")
    assert one_line(error) == "no answer from http://h/x really"
    assert one_line(KeyError()) == "KeyError"
    assert brief(ValueError("x\n" * 10**5)).startswith("x x x")
    assert len(brief("x" * 10**5)) < 600
    assert one_line("a type: \x1b[2J\0\udce9 é") == r"a type: \x1b[2J\x00\udce9 é"


def test_a_value_is_quoted_without_credentials_and_not_without_end():
    assert quoted(["http://u:hush@h/x"]) == "['http://h/x']"
    assert quoted({"http://u:hu sh@h": ("http://u:h'ush@h/x",)}) == "{'http://h': ('http://h/x',)}"
    assert len(quoted("x" * 10**6)) < 400


def test_credentials_are_refused_wherever_they_stand():
    refuse_secrets("", {"data": {"source": "s3://bucket/x"}, "list": [1, "a?b", None]})
    for value, said in (
        ({"data": {"source": "http://u:hush@h/x"}}, r"^data\.source \(='http://h/x'\) is given"),
        ({"list": ["a", "https://h/x?hush"]}, r"^list \(='https://h/x'\)"),
        ({"a": {"http://u:hush@h": 1}}, r"^a \(='http://h'\)"),
    ):
        with pytest.raises(RefusedInput, match=said) as refusal:
            refuse_secrets("", value)
        assert "hush" not in str(refusal.value)
