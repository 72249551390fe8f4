"""Logging in with a user name, as a browser does: Dex, behind an OIDC proxy or oauth2-proxy.

The password is sent to the server that the user named only, never to where it redirects.
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from kale_lite.errors import UnreachableError
from kale_lite.targets.kfp.submit.answers import bad_answer, is_json
from kale_lite.targets.kfp.submit.server import Server

if TYPE_CHECKING:
    import requests

__all__ = ["log_in"]

_MOST = 15
"""Pages that a login may take."""
_CONNECTORS = ("/auth/local", "/auth/ldap")
"""Ways to log in with a password, among those that Dex may offer."""


def log_in(session: requests.Session, server: Server, patience: float) -> str:
    """The cookies of a session that the server lets in, in the form of a header.

    UnreachableError when it does not accept the user, or has no login for user names.
    """
    from kale_lite.targets.kfp.submit.probe import fetch

    method, url = "GET", f"{server.host}/apis/v2beta1/healthz"
    fields: dict[str, str] = {}
    sent = False
    for _ in range(_MOST):
        answer, text = fetch(session, method, url, patience, data=fields or None)
        status = answer.status_code
        if 200 <= status < 300 and is_json(text):
            return _cookies(session)
        if status >= 500 or (status >= 400 and status not in (401, 403)):
            raise bad_answer(server, status, text, answer.headers, "logging in", probing=not sent)
        method, fields = "GET", {}
        if 300 <= status < 400:
            url = _own(server, urljoin(url, answer.headers.get("Location", "")))
            continue
        page = _Page(text)
        if page.password:
            if sent:
                raise UnreachableError(
                    f"{server.host} does not accept the user {server.credentials.username!r} with this password",
                    hint="check KALE_LITE_KFP_USERNAME and KALE_LITE_KFP_PASSWORD",
                )
            method, sent = "POST", True
            url, fields = _own(server, urljoin(url, page.action)), {**page.hidden, **_filled(page, server)}
        elif "approval" in page.hidden:
            method, url, fields = "POST", _own(server, urljoin(url, page.action)), page.hidden
        elif sent and status == 200:
            return _cookies(session)
        else:
            url = _own(server, urljoin(url, _onward(page, server, status)))
    raise UnreachableError(f"{server.host}: the login does not end", hint=_OTHERWISE)


def _cookies(session: requests.Session) -> str:
    return "; ".join(f"{one.name}={one.value}" for one in session.cookies)


_OTHERWISE = "log in with a browser, and set KALE_LITE_KFP_COOKIES; or set KALE_LITE_KFP_TOKEN"


def _own(server: Server, url: str) -> str:
    """The address, when it is the server's own and no less safe."""
    here, there = urlsplit(server.host), urlsplit(url)
    if there.hostname != here.hostname or (here.scheme == "https" and there.scheme != "https"):
        raise UnreachableError(
            f"{server.host} logs in at {there.scheme}://{there.netloc}, where the password is not sent",
            hint=_OTHERWISE,
        )
    return url


def _filled(page: _Page, server: Server) -> dict[str, str]:
    return {page.user or "login": server.credentials.username, page.password: server.credentials.password}


def _onward(page: _Page, server: Server, status: int) -> str:
    """Where a page without a form leads: a connector for passwords, or the proxy's own start."""
    for part in (*_CONNECTORS, "/oauth2/start"):
        for link in page.links:
            if part in link:
                return link
    if status == 200:
        raise UnreachableError(f"{server.host} has no login with a user name and a password", hint=_OTHERWISE)
    raise bad_answer(server, status, "", {}, "logging in")


class _Page(HTMLParser):
    """What of a page matters: links, and the form's address, hidden fields, user and password fields."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = self.user = self.password = ""
        self.hidden: dict[str, str] = {}
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(given.get("href", ""))
        elif tag == "form":
            self.links.append(given.get("action", ""))
            if not self.password:
                self.action, self.hidden = given.get("action", ""), {}
        elif tag == "input" and given.get("name"):
            self._field(given)

    def _field(self, given: dict[str, str]) -> None:
        kind = given.get("type", "text").lower()
        if kind == "password":
            self.password = given["name"]
        elif kind == "hidden":
            self.hidden[given["name"]] = given.get("value", "")
        elif kind in ("text", "email") and not self.user:
            self.user = given["name"]
