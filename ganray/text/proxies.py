"""The HTTP proxy that an environment names for a URL, as messages tell of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ganray.text.urls import address_without_secrets

UNREACHED_STATUS = frozenset({407, 502, 503, 504})
"""What a proxy answers that does not bring one to the server."""


def proxy_for(url: str) -> str | None:
    """The proxy by which an http(s) URL is asked for, as aiohttp and botocore choose it.

    NO_PROXY passes it by; names in small letters come before those in capitals.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # no URL, and nowhere to go
        return None
    if parts.scheme not in ("http", "https") or proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def requests_proxy_for(url: str) -> str | None:
    """As `proxy_for`, as requests chooses it: ALL_PROXY counts, and NO_PROXY may name networks."""
    from requests.utils import get_environ_proxies, select_proxy

    found: str | None = select_proxy(url, get_environ_proxies(url, None))
    return found


def through_proxy(url: str, chosen: Callable[[str], str | None] = proxy_for) -> str:
    """What a message of a server that was not reached goes on with; empty where no proxy is named.

    Args:
        url: of the server; of a chain (`zip://…::https://…`) its link to a server counts.
        chosen: by whom it was asked.
    """
    links = (link for link in url.split("::") if link.lower().startswith(("http://", "https://")))
    url = next(links, url)
    proxy = chosen(url)
    if not proxy:
        return ""
    parts = urlsplit(url)
    return (
        f", through the proxy {address_without_secrets(proxy)}, which "
        f"{_variable(parts.scheme, proxy)} names; NO_PROXY={parts.hostname} passes it by"
    )


def _variable(scheme: str, proxy: str) -> str:
    """The environment variable that holds it; where none does, the system's settings do."""
    names = [f"{kind}_proxy" for kind in (scheme, "all")]
    named = (name for each in names for name in (each, each.upper()))
    return next((name for name in named if os.environ.get(name) == proxy), "this system")
