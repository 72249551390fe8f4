"""What a server's answer means for the user: one sentence, and what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from kale_lite.errors import KaleLiteError, UnreachableError, UsageError
from kale_lite.targets.kfp.submit.server import Credentials, Server

__all__ = ["LOGIN_HINT", "bad_answer", "first_line", "is_json", "is_login", "web_page"]

_WHERE = "--host is the address up to /apis: often https://HOST/pipeline, or a port-forward's http://localhost:PORT"
LOGIN_HINT = (
    "set KALE_LITE_KFP_TOKEN, KALE_LITE_KFP_COOKIES, or KALE_LITE_KFP_USERNAME and KALE_LITE_KFP_PASSWORD "
    "(docs/kfp.md, Submit)"
)
_PASSING = (500, 502, 503, 504, 429)
_REFUSED = (400, 405, 409, 412, 413, 415, 422)
_LOGIN = re.compile(r"type\s*=\s*[\"']?password|/dex/auth|/oauth2/(start|sign_in)|accounts\.google\.com|openid|"
                    r"\b(log|sign)[ -]?in\b", re.I)  # fmt: skip


def is_json(text: str) -> bool:
    """Whether an answer is a JSON object."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def is_login(text: str) -> bool:
    """Whether a page asks for a login, or leads to one."""
    return bool(_LOGIN.search(text[:200_000]))


def web_page(server: Server, text: str) -> UnreachableError:
    """The error for a page where the API should have answered."""
    if is_login(text):
        return UnreachableError(f"{server.host} answers with a login page{_with(server.credentials)}", hint=LOGIN_HINT)
    kind = "a web page" if "<" in text[:2000] else "text"
    return UnreachableError(f"{server.host} answers with {kind}, not as Kubeflow Pipelines does", hint=_WHERE)


def bad_answer(
    server: Server, status: int, text: str, headers: Mapping[str, str], what: str = "", *, probing: bool = False
) -> KaleLiteError:
    """The error for a status that is not 2xx. ``what`` was being done; ``probing`` when nothing worked before."""
    doing = f" when {what}" if what else ""
    if 300 <= status < 400:
        return _elsewhere(server, headers.get("Location", ""))
    if status == 401:
        sent = "does not accept the credentials" if server.credentials else "asks for a login"
        return UnreachableError(f"{server.host} {sent} (401){doing}", hint=_renew(server.credentials))
    if status == 403:
        if not server.credentials:
            return UnreachableError(f"{server.host} lets nobody in without a login (403){doing}", hint=LOGIN_HINT)
        return UnreachableError(
            f"{server.host} does not allow this user what is asked (403){doing}{_said(text)}",
            hint="check --namespace, and your rights there",
        )
    if status == 404 and probing:
        return UnreachableError(
            f"{server.host} has no Kubeflow Pipelines API of version 2 (404 for /apis/v2beta1/healthz)", hint=_WHERE
        )
    if status in _REFUSED:
        hint = "see docs/kfp.md, Submit" if status != 413 else "the server, or a proxy before it, bounds uploads"
        return UsageError(f"{server.host} refuses{doing} ({status}){_said(text)}", hint=hint)
    if status in (502, 503, 504):
        return UnreachableError(
            f"{server.host} answers, but Kubeflow Pipelines behind it is not ready ({status}){doing}",
            hint="try again later, or look at the pod ml-pipeline", passing=True,
        )  # fmt: skip
    return UnreachableError(
        f"{server.host} answers with an error ({status}){doing}{_said(text)}",
        hint="try again later; the log of the pod ml-pipeline says more", passing=status in _PASSING,
    )  # fmt: skip


def _elsewhere(server: Server, location: str) -> UnreachableError:
    target = urljoin(f"{server.host}/", location)
    here, there = urlsplit(server.host), urlsplit(target)
    if is_login(target) or re.search(r"auth|login|sso|saml", target, re.I):
        return UnreachableError(
            f"{server.host} sends to a login page at {there.netloc}{there.path}{_with(server.credentials)}",
            hint=LOGIN_HINT,
        )
    if there.hostname == here.hostname and there.scheme != here.scheme:
        return UnreachableError(f"{server.host} answers on {there.scheme} only", hint=f"use --host {_base(target)}")
    return UnreachableError(f"{server.host} sends elsewhere, to {_base(target)}", hint=f"is it --host {_base(target)}?")


def _base(target: str) -> str:
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc}{parts.path.split('/apis/')[0].rstrip('/')}"


def _with(credentials: Credentials) -> str:
    if credentials.username:
        return f", although {credentials.username!r} was logged in"
    return ": it does not accept the credentials, or they are too old" if credentials else ""


def _renew(credentials: Credentials) -> str:
    if credentials.token:
        return "get a new token, and set KALE_LITE_KFP_TOKEN"
    if credentials.token_file:
        return f"the token in {credentials.token_file} may be too old, or for another audience"
    return "get new cookies, and set KALE_LITE_KFP_COOKIES" if credentials.cookies else LOGIN_HINT


def _said(text: str) -> str:
    line = first_line(text)
    return f": {line}" if line else ""


def first_line(text: str) -> str:
    """What a server says in an error, on one line; empty when it says nothing, or sends a page."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = text if "<" not in text[:200] else ""
    if isinstance(found, dict):
        found = found.get("message") or found.get("error_message") or found.get("error") or ""
    if isinstance(found, dict):
        found = found.get("message") or ""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(found)).split())
    return f"{line[:297]}..." if len(line) > 300 else line
