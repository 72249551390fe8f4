"""Is there a KFP server, and does it let us in? Asked before anything else, with short time-outs.

kfp's own client waits without end for a server that does not answer, tries for 25 s at one that says no, and takes a
login page for an answer.
"""

from __future__ import annotations

import itertools
import json
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from kale_lite.errors import KaleLiteError, UnreachableError, UsageError
from kale_lite.targets.kfp.submit.answers import bad_answer, is_json, web_page
from kale_lite.targets.kfp.submit.server import Server

if TYPE_CHECKING:
    import requests

__all__ = ["PATIENCE", "Reached", "reach"]

PATIENCE = 3.5
"""Seconds for all that happens before the server has answered as it should."""
_PART, _PARTS = 65536, 16
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Reached:
    """A server that answers. ``server`` has the cookies of the login; ``multi_user`` servers want a namespace."""

    server: Server
    multi_user: bool


def reach(server: Server, patience: float = PATIENCE) -> Reached:
    """Log in where a user name is given, and ask the server how it is.

    UnreachableError when it cannot be reached or does not let us in, after at most ``patience`` seconds.
    """
    import requests  # noqa: F401  (here: the time that this takes is not the server's)

    return _within(patience, server, lambda: _reach(server, patience))


def _reach(server: Server, patience: float) -> Reached:
    import requests

    with requests.Session() as session:
        prepare(session, server)
        try:
            if server.credentials.username:
                from kale_lite.targets.kfp.submit.login import log_in

                cookies = log_in(session, server, patience)
                known = replace(server.credentials, cookies=cookies)
                server = replace(server, credentials=known)
                session.cookies.clear()
                session.headers["Cookie"] = cookies
            return Reached(server, _healthy(session, server, patience))
        except requests.RequestException as error:
            raise _explained(server, error, patience) from None


def prepare(session: requests.Session, server: Server) -> None:
    """Give a session the certificates, credentials and proxies that kfp's client will have."""
    from requests.utils import get_environ_proxies

    session.trust_env = False
    session.proxies = get_environ_proxies(server.host)
    session.verify = server.ca_cert or True
    session.headers["Accept"] = "application/json"
    if token := server.credentials.bearer():
        session.headers["Authorization"] = f"Bearer {token}"
    if server.credentials.cookies:
        session.headers["Cookie"] = server.credentials.cookies


def fetch(session: requests.Session, method: str, url: str, patience: float, **options: Any) -> tuple[Any, str]:
    """An answer and its text, of which only the beginning is read. No redirect is followed."""
    timeouts = (patience * 0.6, patience * 0.75)
    with session.request(method, url, timeout=timeouts, allow_redirects=False, stream=True, **options) as answer:
        parts = itertools.islice(answer.iter_content(_PART), _PARTS)
        return answer, b"".join(parts).decode("utf-8", "replace")


def _healthy(session: requests.Session, server: Server, patience: float) -> bool:
    answer, text = fetch(session, "GET", f"{server.host}/apis/v2beta1/healthz", patience)
    if not 200 <= answer.status_code < 300:
        raise bad_answer(server, answer.status_code, text, answer.headers, probing=True)
    if not is_json(text):
        raise web_page(server, text)
    return bool(json.loads(text).get("multi_user"))


def _within(seconds: float, server: Server, call: Callable[[], _Result]) -> _Result:
    """A call's result. The time of looking up a name, and of slow answers, has no other bound."""
    done: queue.SimpleQueue[tuple[_Result | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        try:
            done.put((call(), None))
        except BaseException as error:
            done.put((None, error))

    threading.Thread(target=work, daemon=True).start()
    try:
        result, error = done.get(timeout=seconds)
    except queue.Empty:
        raise _silent(server, seconds) from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]


def _silent(server: Server, seconds: float, but: str = "") -> UnreachableError:
    return UnreachableError(
        f"{server.host} {but}gives no answer within {seconds:g} s",
        hint="is it the right port? A slow server is given more time by --patience SECONDS", passing=True,
    )  # fmt: skip


def _explained(server: Server, error: requests.RequestException, patience: float) -> KaleLiteError:
    """The error of a connection in the user's terms. The causes lie within one another, as texts and as objects."""
    import requests

    text = " ".join(map(str, _causes(error)))
    name = urlsplit(server.host).hostname
    if isinstance(error, requests.exceptions.ProxyError):
        return UnreachableError(
            f"the proxy for {server.host} cannot be reached", hint="check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
        )
    if isinstance(error, requests.exceptions.SSLError):
        return _untrusted(server, text)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return UnreachableError(
            f"{server.host} takes no connection (tried for {patience * 0.6:g} s)",
            hint="check the address, the VPN and firewalls; a slow network is given more time by --patience SECONDS",
            passing=True,
        )
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in text:
        return _silent(server, patience, "takes connections, but ")
    if "NameResolution" in text or "getaddrinfo" in text or "Name or service" in text or "resolve" in text:
        return UnreachableError(f"there is no host {name!r}", hint="check the spelling of the address, and the VPN")
    if "refused" in text:
        return UnreachableError(
            f"nothing listens at {server.host} (connection refused)",
            hint="start the server or its port-forward, such as: "
            "kubectl port-forward -n kubeflow svc/ml-pipeline-ui 8080:80", passing=True,
        )  # fmt: skip
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidHeader):
        return UsageError(f"{server.host} cannot be asked: {error}")
    return UnreachableError(
        f"the connection to {server.host} broke", hint="is it the right port, and http or https?", passing=True
    )


def _untrusted(server: Server, text: str) -> UnreachableError:
    if "WRONG_VERSION" in text or "wrong version" in text or "UNKNOWN_PROTOCOL" in text:
        return UnreachableError(f"{server.host} does not speak https", hint="is it http:// ?")
    return UnreachableError(
        f"the certificate of {server.host} is not trusted",
        hint="name the file with your organisation's certificates in KALE_LITE_KFP_CA_CERT",
    )


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
