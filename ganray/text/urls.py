"""URLs: what is one, and what one is without its secrets.

fsspec joins URLs to chains (`zip://x.parquet::https://host/x.zip`), and every link of a chain may
carry a user, a password, a query and a fragment. What can be read in two ways (`http://a:b?c@d` has
a query, or a password with a question mark in it) is read as if it were secret.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]{0,30}"
_URL = re.compile(rf"(?:{_SCHEME}::)*{_SCHEME}://")
_NEXT_LINK = re.compile(rf"::(?=(?:{_SCHEME}::){{0,9}}{_SCHEME}://)")
# Nobody logs in to these; of what else stands before `::`, the first colon may end a user.
_WITHOUT_USERS = (
    "(?:simplecache|filecache|blockcache|cached|dir|reference|zip|tar|libarchive|file|local|memory)"
)
_SAFE = re.compile(rf"{_WITHOUT_USERS}(?:://|$)", re.I)
_CHAIN = re.compile(rf"(?:{_WITHOUT_USERS}::)+$", re.I)
_START = re.compile(rf"(?:{_SCHEME}:)?//")
# A URL whose slashes were forgotten is a path; its secrets are as secret.
_SLASHLESS = re.compile(
    r"(?:https?|ftps?|s3a?|gs|gcs|sftp|ssh|smb|webdav|abfss?|hf):/?(?=[^/:])", re.I
)
_BY_NAME = re.compile(r"(?:https?|ftps?|webdav)://", re.I)
_BUCKETS = re.compile(r"(?:s3a?|gs|gcs|hf|az|oss|file|local|memory|zip|tar)://", re.I)
_AUTHORITY = re.compile(rf"(?:{_SCHEME}://|/*)")
_PORT = re.compile(r"(?:[^:\[\]]*|\[[^\[\]]*\]?)(?::\d{0,5})?")
_LAST_SCHEME = re.compile(rf"{_SCHEME}:$")
_UNQUOTED = re.compile(r"[^'\"<>]+")
_ENCODED = "%3a%2f%2f"
_HIDDEN = "…"


def is_url(text: str) -> bool:
    """Whether it begins with a scheme, alone or as a chain; all else is a path of this machine."""
    return _URL.match(text) is not None


def without_secrets(url: str) -> str:
    """A URL, or what was given for one, without users, passwords, queries and fragments.

    Every link of a chain is looked at; what stands before the first scheme (`--store=`) stays. Of
    what is no URL only `user:password@host` and `user@host:…` are taken for one: paths that begin
    with a slash, a dot or a tilde are as they are, and so is any other text without an @.
    """
    if _ENCODED in url.lower() and (plain := without_secrets(unquote(url))) != unquote(url):
        return plain
    return "::".join(map(_link, _links(url)))


def address_without_secrets(address: str) -> str:
    """HOST:PORT, or a URL, without secrets: here a host needs no scheme."""
    whole = is_url(address) or address.startswith("//")
    return without_secrets(address if whole else f"//{address}").removeprefix("//")


def text_without_secrets(text: str) -> str:
    """A text, such as another library's message, with every URL in it without its secrets."""
    return "".join(map(_word, re.split(r"(\s+)", text)))


def _word(word: str) -> str:
    """A word of a text without secrets, whatever quotes and brackets it stands in.

    A quote ends a URL, unless something in the word may belong to a secret: that may hold quotes.
    """
    slashes, bare = word.find("//"), word.lstrip("'\"([{<=")
    scheme = _LAST_SCHEME.search(word[:slashes]) if slashes >= 0 else None
    inside = scheme and _within_password(word[: scheme.start()], word[slashes:])
    if inside or not (scheme or bare.startswith("//")):
        return word[: len(word) - len(bare)] + _link(bare)
    start = scheme.start() if scheme else slashes
    before, url = word[:start], word[start:]
    if any(mark in url for mark in "@?#"):
        return _word(before) + without_secrets(url)
    return before + _UNQUOTED.sub(lambda found: without_secrets(found[0]), url)


def _links(url: str) -> list[str]:
    """The links of a chain; what may be a part of a link's secret begins no other one."""
    links, start, last_at = [], 0, url.rfind("@")
    for mark in _NEXT_LINK.finditer(url):
        link = url[start : mark.start()]
        if _may_go_on(link, mark.end() <= last_at):
            break
        links.append(link)
        start = mark.end()
    return [*links, url[start:]]


def _may_go_on(link: str, before_an_at: bool) -> bool:
    """Whether a link's query or password may not have ended yet.

    Args:
        before_an_at: whether an @, which ends a password, comes later.
    """
    if "?" in link or "#" in link:
        return True
    if not before_an_at or _SAFE.match(link):
        return False
    host, ended, _ = link[_AUTHORITY.match(link).end() :].partition("/")  # type: ignore[union-attr]
    return not ended or ":" in host or "@" in host


def _link(link: str) -> str:
    if slashless := _SLASHLESS.match(link):
        return slashless[0] + _place(link[slashless.end() :], "http://")
    at = link.find("://")
    start = next((m for m in _START.finditer(link, max(0, at - 31)) if m.end() == at + 3), None)
    if at >= 0 and start and _within_password(link[: start.start()], link[start.end() :]):
        return _bare(link)
    if at >= 0 and start:
        return link[: start.end()] + _place(link[start.end() :], start[0])
    if link.startswith("//") and not link.startswith("///"):
        return "//" + _place(link[2:], "//")
    return link if link.startswith(("/", ".", "~")) else _bare(link)


def _within_password(before: str, rest: str) -> bool:
    """Whether what looks like a scheme belongs to a password: `user:x://y@host`."""
    return "@" in rest and ":" in _CHAIN.sub("", before)


def _place(rest: str, scheme: str) -> str:
    """What follows a scheme, without user, password, query and fragment."""
    head = re.split("[?#]", rest, maxsplit=1)[0]
    host, named = head.split("/", 1)[0], _BY_NAME.fullmatch(scheme)
    known = named or _BUCKETS.fullmatch(scheme)
    if "@" in rest[len(head) :] and (":" in host or "@" in head or not known):
        return _HIDDEN
    # Keys of buckets and paths of servers may hold an @; a password may hold slashes.
    path_may = _BUCKETS.fullmatch(scheme) or (named and ("." in host or host == "localhost"))
    if "@" in head and ("@" in host or ":" in host or "://" in head or not path_may):
        return head.rpartition("@")[2]
    if "%40" in host or (named and not _PORT.fullmatch(host)):
        return _HIDDEN
    return head


def _bare(text: str) -> str:
    """`user:password@host` and `user@host:…` without what stands before the host."""
    before, at, host = text.rpartition("@")
    if not at:
        return text
    # "mail: me@host" is no password, unless a port or a path shows that it is one.
    colon = re.search(r"(?<=\S):" if ":" in host else r"(?<=\S):(?=\S)", before)
    user = before[: colon.start()] if colon else before
    word = re.split(r"\s", user)[-1]
    if not colon and (not word or ":" not in host or "/" in word):
        return text
    return before[: len(user) - len(word)] + host
