"""Secrets to be hidden in URLs, and the places in a URL where they may be."""

from __future__ import annotations

from hypothesis import strategies as st

_LETTERS = "abcXYZ0189éß鍵-_.~!$&()*+,;=%'\"\\@/?#:[]<>"
_MARKS = (
    "::",
    "a://",
    "a::",
    "::a://",
    "http://",
    "://",
    "/",
    ":",
    "@",
    "?",
    "#",
    "80",
    "%40",
    "'",
)
_BEFORE_AT = (
    "http://user:{}@host/x.parquet",
    "HTTPS://user:{}@host:8080/x",
    "s3://key:{}@bucket/x",
    "git+https://user:{}@host/x",
    "x://user:{}@host",
    "zip://x.parquet::http://user:{}@host/x.zip",
    "simplecache::zip://x::s3://key:{}@bucket/x.zip",
    "http:user:{}@host/x",
    "http:/user:{}@host/x",
    "//user:{}@host/x",
    "user:{}@host:/x",
)
_BEHIND = (
    "https://host/x.parquet?X-Amz-Signature={}",
    "https://host/x.parquet?a=b&sig={}&c=d",
    "https://host:8080/x#{}",
    "s3://bucket/x?{}",
    "filecache::https://host/x?sig={}",
    "zip://x::https://host/x.zip?sig={}",
)
LEAKY = (*_BEFORE_AT, *_BEHIND)
"""URLs with a place for a secret."""


def secrets(spaces: bool) -> st.SearchStrategy[str]:
    """Texts of which no innocent part of a URL or of a message is one.

    Args:
        spaces: whether they may hold spaces: where a URL stands in a text, it ends at the first.
    """
    letters = st.text(_LETTERS + (" " if spaces else ""), max_size=12)
    # Marks that make a URL or a chain of anything hardly ever come of single letters.
    marks = st.lists(st.sampled_from(_MARKS), max_size=3).map("".join)
    around = st.one_of(letters, marks)
    return st.builds(lambda a, b: f"{a}S3cr3t{b}", around, around)


MARK = "S3cr3t"
"""Stands in every secret."""
ALONE = ("https://{}@host/x.parquet", "s3://{}@bucket/x", "zip://x::git+https://{}@host/x.zip")
"""URLs with a place for a user that is a secret, such as a token."""


def leaks(spaces: bool) -> st.SearchStrategy[str]:
    """URLs that hold a secret."""
    behind_slashes = st.builds(str.format, st.sampled_from(LEAKY), secrets(spaces))
    # Nothing reads a user with a slash or a question mark in it as one.
    users = secrets(spaces).map(lambda secret: "".join(c for c in secret if c not in "/?#\\:[]"))
    return st.one_of(behind_slashes, st.builds(str.format, st.sampled_from(ALONE), users))
