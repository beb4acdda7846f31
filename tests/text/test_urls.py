"""What a URL is without its secrets: every link of it, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.text.urls import is_url, text_without_secrets, without_secrets
from tests.secrets import LEAKY, secrets


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://user:secret@host:1/a/b?token=x#y", "http://host:1/a/b"),
        ("HTTP://USER:SECRET@HOST/A", "HTTP://HOST/A"),
        ("git+https://token@host/x", "git+https://host/x"),
        ("x://user:secret@host", "x://host"),
        ("https://h?x=1", "https://h"),
        ("http://u:secret@[::1", "http://[::1"),
        ("http://u:se/cr/et@host/x", "http://host/x"),
        ("http://u:se?cret@host/x", "http://…"),
        ("http://u:se::cret@host/x", "http://host/x"),
        ("http://user:secret%40host/x", "http://…"),
        ("http%3A%2F%2Fuser%3Asecret%40host%2Fx", "http://host/x"),
        ("zip://x.parquet::http://u:secret@host/x", "zip://x.parquet::http://host/x"),
        ("simplecache::zip://*::s3://k:s@b/x?y", "simplecache::zip://*::s3://b/x"),
        ("https://u:a@one/x::https://u:b@two/y", "https://two/y"),  # or its password holds a link
        ("zip://x::https://one/x::https://u:b@two/y", "zip://x::https://one/x::https://two/y"),
        ("https://h/x?s=::S3cr3t::", "https://h/x"),
        ("https://h/x?s=::a://S3cr3t", "https://h/x"),
        ("http:user:secret@host/x", "http:host/x"),
        ("http:/user:secret@host/x", "http:/host/x"),
        ("//user:secret@host/x", "//host/x"),
        ("user:secret@host:/x", "host:/x"),
        ("user@host:6379", "host:6379"),
        ("--store=http://u:se cret@host/x", "--store=http://host/x"),
    ],
)
def test_a_url_is_left_without_what_may_be_secret(url, plain):
    assert without_secrets(url) == plain
    assert without_secrets(plain) == plain


@pytest.mark.parametrize(
    "innocent",
    [
        "",
        "a/path?with=signs#and@more",
        "/data/a::b/c:d@e?f",
        "./a:b@c",
        "~/me@home:x",
        "mail: me@host",
        "C:\\data",
        "s3://bucket/a@b/c::d",
        "https://cdn.example.org/user/set@v1/x.parquet",
        "hf://datasets/user/set@main/x.parquet",
        "zip://a.parquet::/data/x.zip",
        "http://[::1]:80/x",
        "http://host:8265",
        "10.0.0.1:6379",
    ],
)
def test_what_holds_no_secret_stays_as_it_is(innocent):
    assert without_secrets(innocent) == innocent


@given(st.text(alphabet="abc:/?#@[]", max_size=20))
def test_whatever_is_wrong_with_a_url_it_can_be_shown(text):
    shown = without_secrets(f"http://user:hush@{text}")
    assert shown.startswith("http://")
    assert "hush" not in shown


@given(st.sampled_from(LEAKY), secrets(spaces=True))
def test_no_secret_stays_in_a_url(form, secret):
    url = form.format(secret)
    assert secret not in without_secrets(url)
    assert without_secrets(url) != url


@given(st.sampled_from(LEAKY), secrets(spaces=False))
def test_no_secret_stays_in_a_text(form, secret):
    for text in ("cannot read '{}': no answer", "at {}, line 3\n{}", 'see "{}"'):
        assert secret not in text_without_secrets(text.replace("{}", form.format(secret)))


def test_the_rest_of_a_text_stays():
    text = "source: 'https://me:secret@host/data.parquet', n: 3\nmail: me@host"
    assert text_without_secrets(text) == "source: 'https://host/data.parquet', n: 3\nmail: me@host"


@pytest.mark.parametrize("piece", ["x", "http://", "a@", ":", "a:", "//", "x://", "'//", "x:@"])
def test_long_texts_are_looked_through_in_proportion_to_their_length(piece):
    """Not in proportion to its square: that would take minutes here."""
    for text in (piece * 30_000, piece * 10**5 + "://u:p@h"):
        without_secrets(text)
        text_without_secrets(text)


@pytest.mark.parametrize(
    "url", ["s3://b", "simplecache::http://h", "zip://a::/x.zip", "X-y+1.z://"]
)
def test_a_scheme_makes_a_url(url):
    assert is_url(url)


@pytest.mark.parametrize(
    "path", ["", "/a", "a::b", "./a::b/c", "x/http://h", "simplecache::/a", "a:b"]
)
def test_all_else_is_a_path(path):
    assert not is_url(path)
