"""kfp's own client, told exactly where to go and with what, with time-outs, and with errors in the user's terms.

By itself it would look for credentials and a namespace in its own files, in Google's metadata and in a kubeconfig,
print links, wait without end, send the pipeline again to wherever it is redirected, and take a login page for an empty
answer.
"""

from __future__ import annotations

import contextlib
import functools
import io
import warnings
from collections.abc import Iterator
from typing import Any

from kale_lite.errors import UnreachableError, UsageError
from kale_lite.targets.kfp.submit.answers import bad_answer, is_json, web_page
from kale_lite.targets.kfp.submit.probe import Reached
from kale_lite.targets.kfp.submit.server import Server

__all__ = ["client_for", "quiet"]

_CONNECT, _READ = 5.0, 60.0
"""Seconds for a connection, and for each part of an answer: making a run can take a busy server long."""


def client_for(reached: Reached) -> Any:
    """A ``kfp.Client`` for a server that was reached. UsageError when kfp is not installed.

    What it raises for bad answers are UnreachableError and UsageError.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import kfp
        except ImportError:
            raise UsageError(
                "submitting needs kfp, which is not installed", hint="run: pip install 'kale-lite[kfp]'"
            ) from None
        server = reached.server
        client = _client_class(kfp.Client)(server, reached.multi_user)
    rest = client._run_api.api_client.rest_client
    rest.pool_manager.request = functools.partial(rest.pool_manager.request, redirect=False, retries=False)
    rest.request = _guarded(rest.request, server)
    return client


def _client_class(base: Any) -> Any:
    class Client(base):  # type: ignore[misc]
        """kfp's client without its own search for servers, credentials and namespaces."""

        def __init__(self, server: Server, multi_user: bool) -> None:
            self._kale_lite = (server, multi_user)
            super().__init__(host=server.host, ui_host=server.ui, cookies=server.credentials.cookies)
            self._uihost = server.ui

        def _load_config(self, *given: Any, **named: Any) -> Any:
            return _configuration(self._kale_lite[0])

        def _load_context_setting_or_default(self) -> None:
            server, multi_user = self._kale_lite
            self._context_setting = {"namespace": server.namespace if multi_user else ""}

        def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
            """What the probe found; kfp would ask again when it has no namespace."""
            import kfp_server_api

            return kfp_server_api.V2beta1GetHealthzResponse(multi_user=self._kale_lite[1])

    return Client


def _configuration(server: Server) -> Any:
    import kfp_server_api
    from requests.utils import get_environ_proxies, select_proxy

    found = kfp_server_api.Configuration()
    found.host = server.host
    if server.ca_cert:
        found.ssl_ca_cert = server.ca_cert
    if proxy := select_proxy(server.host, get_environ_proxies(server.host)):
        found.proxy = proxy
    if token := server.credentials.bearer():
        found.api_key["authorization"] = token
        found.api_key_prefix["authorization"] = "Bearer"
        if server.credentials.token_file is not None:
            found.refresh_api_key_hook = lambda config: config.api_key.update(authorization=server.credentials.bearer())
    return found


def _guarded(request: Any, server: Server) -> Any:
    """The one function that all calls of kfp's client go through, with time-outs and a look at each answer."""
    import kfp_server_api
    import urllib3

    def guarded(method: str, url: str, **options: Any) -> Any:
        options["_request_timeout"] = options.get("_request_timeout") or (_CONNECT, _READ)
        what = _doing(method, url)
        try:
            answer = request(method, url, **options)
        except kfp_server_api.ApiException as error:
            text = error.body.decode("utf-8", "replace") if isinstance(error.body, bytes) else str(error.body or "")
            headers = dict(error.headers or {})
            raise bad_answer(server, error.status or 0, text or str(error.reason), headers, what) from None
        except urllib3.exceptions.HTTPError as error:
            raise _broken(server, error, what, sent=method.upper() != "GET") from None
        text = answer.data.decode("utf-8", "replace") if isinstance(answer.data, bytes) else answer.data
        if not is_json(text):
            raise web_page(server, text)
        return answer

    return guarded


def _broken(server: Server, error: Exception, what: str, *, sent: bool) -> UnreachableError:
    slow = "timed out" in str(error).lower() or "timeout" in type(error).__name__.lower()
    how = f"gave no answer within {_READ:g} s" if slow else "broke the connection"
    hint = "look in its UI whether it was done all the same, then try again" if sent else "try again"
    return UnreachableError(f"{server.host} {how} when {what}", hint=hint, passing=True)


_CALLS = (
    ("pipelines/upload_version", "the new version is uploaded"), ("pipelines/upload", "the pipeline is uploaded"),
    ("/versions", "versions are looked up"), ("/pipelines", "the pipeline is looked up"),
    ("/recurringruns", "the schedule is made"),
)  # fmt: skip


def _doing(method: str, url: str) -> str:
    """What a call is for, as in "403 when ..."."""
    for part, what in _CALLS:
        if part in url:
            return what
    thing = "experiment" if "/experiments" in url else "run"
    return f"the {thing} is {'made' if method == 'POST' else 'looked up'}"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what kfp's client prints, links with words of its own, and its warnings off the terminal."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
