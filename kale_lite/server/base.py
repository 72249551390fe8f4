"""What all handlers have in common: JSON in and out, errors as the page is told them, who may do what."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http.client import responses
from types import MappingProxyType
from typing import Any, TypeVar, cast

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado.web import HTTPError, authenticated

from kale_lite.server.answers import Problem, problem_of, to_json
from kale_lite.server.paths import Root
from kale_lite.server.pool import Pool, in_thread

__all__ = ["Handler", "PageHandler", "Services", "allowed"]

T = TypeVar("T")
Verb = TypeVar("Verb", bound=Callable[..., Awaitable[None]])
Types = Mapping[str, tuple[type, ...]]
_LARGEST = 64_000_000
"""Bytes of a request: a notebook without its outputs is far smaller."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers work with."""

    root: Root
    pool: Pool


def allowed(action: str, resource: str | None = None) -> Callable[[Verb], Verb]:
    """Only for users who are logged in, and whom the server's authorizer lets ``read``, ``write`` or ``execute``."""

    def decorate(verb: Verb) -> Verb:
        return cast(Verb, authenticated(cast(Any, authorized)(action, resource)(verb)))

    return decorate


class Handler(APIHandler):
    """A handler whose errors are ``{"message", "hint", "diagnostics"}``, and never show a traceback."""

    auth_resource = "contents"

    @property
    def services(self) -> Services:
        found: Services = self.settings["kale_lite"]
        return found

    @property
    def root(self) -> Root:
        return self.services.root

    def body(self, fields: Types, optional: Types = MappingProxyType({})) -> dict[str, Any]:
        """The request's JSON, with these fields of these types. Problem (400) for anything else."""
        if len(self.request.body) > _LARGEST:
            raise Problem(400, "the request is too large", "leave the outputs of the notebook out")
        try:
            data = json.loads(self.request.body.decode("utf-8") or "null")
        except (ValueError, RecursionError) as error:
            raise Problem(400, f"the request is no JSON: {error}") from None
        if not isinstance(data, dict):
            raise Problem(400, "the request is no JSON object")
        for name in fields:
            if name not in data:
                raise Problem(400, f"the request has no {name!r}")
        known = {**fields, **optional}
        for name in data:
            if name not in known:
                raise Problem(400, f"the request has {name!r}, which means nothing here",
                              "are page and server of one version?")  # fmt: skip
        given = {name: value for name, value in data.items() if value is not None or name in fields}
        for name, value in given.items():
            if not _is(value, known[name]):
                wanted = " or ".join(one.__name__ for one in known[name])
                raise Problem(400, f"{name!r} of the request is no {wanted}, but {type(value).__name__}")
        return given

    async def away(self, call: Callable[..., T], *args: Any) -> T:
        """The result of something that waits for the disk, without keeping the server from others."""
        return await in_thread(call, *args)

    def answer(self, data: Any, status: int = 200) -> None:
        self.reply(status, to_json(data))

    def reply(self, status: int, text: bytes) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(text)

    def log_exception(self, kind: Any, error: Any, trace: Any) -> None:
        """What the page is told is no matter for the log, but for faults that nobody has thought of."""
        if isinstance(error, Problem) or (not isinstance(error, HTTPError) and problem_of(error).status != 500):
            return
        super().log_exception(kind, error, trace)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, HTTPError) or not isinstance(error, Exception):
            said = (getattr(error, "log_message", None) or responses.get(status_code, "error")).strip()
            problem = Problem(status_code, said, "is the session still logged in?" if status_code == 403 else "")
        else:
            problem = problem_of(error)
        self.reply(problem.status, to_json(problem.to_json()))


class PageHandler(Handler):
    """Answers with HTML to be read: a page that runs nothing, has no origin, and so cannot act as the user."""

    @property
    def content_security_policy(self) -> str:
        own = JupyterHandler.content_security_policy.fget(self)  # type: ignore[attr-defined]
        return f"{own}; sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"

    def show(self, page: str | bytes) -> None:
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        self.finish(page, set_content_type="text/html; charset=utf-8")


def _is(value: Any, kinds: tuple[type, ...]) -> bool:
    """Whether a value has one of these types; booleans are no numbers."""
    return isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds)
