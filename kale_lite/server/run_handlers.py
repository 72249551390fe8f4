"""Routes about runs: list, start, look at, stop, resume, delete, follow."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from kale_lite.history import Entry
from kale_lite.server import records
from kale_lite.server.answers import Problem, problem_of, to_json
from kale_lite.server.base import Handler, PageHandler, Services, allowed
from kale_lite.server.following import Tail
from kale_lite.server.launching import launch
from kale_lite.server.pool import in_thread

__all__ = ["ROUTES"]

_PAUSE = 0.15
"""Seconds between two looks for events."""
_PING = 20.0
_LOCAL = {"from": (str,), "only": (str,), "reuse": (int,), "jobs": (int,)}
_KFP = {"host": (str,), "experiment": (str,), "run_name": (str,)}


class StartHandler(Handler):
    """What starts runs."""

    async def start(self, about: dict[str, Any], cwd: Path) -> None:
        """Start a run, and answer with it."""
        number = await self.away(launch, about, cwd)
        entry = await self.away(records.found, self.root, number)
        self.answer(await self.away(records.run_json, self.root, entry), 201)


class RunsHandler(StartHandler):
    """``GET runs?path=P`` and ``POST runs``."""

    @allowed("read")
    async def get(self) -> None:
        place = self.root.resolve(self.get_query_argument("path", ""))
        self.answer({"runs": await self.away(records.rows, self.root, place)})

    @allowed("execute", "kernels")
    async def post(self) -> None:
        wanted = self.body({"path": (str,)}, {"target": (str,), "parameters": (dict,), **_LOCAL, **_KFP})
        path = self.root.notebook(wanted.pop("path"))
        target = wanted.pop("target", "local")
        if target not in ("local", "kfp"):
            raise Problem(400, f"there is no target {target!r}", "targets are: local, kfp")
        others = sorted(wanted.keys() & (_KFP if target == "local" else _LOCAL).keys())
        if others:
            raise Problem(400, f"{', '.join(others)} means nothing for the target {target}")
        about = {"kind": target, "path": str(path), "parameters": wanted.pop("parameters", {})}
        about |= await self._chosen(wanted) if target == "local" else wanted
        await self.start(about, path.parent)

    async def _chosen(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if "from" in wanted and "only" in wanted:
            raise Problem(400, "'from' does not go with 'only'", "choose one")
        if wanted.get("jobs", 1) < 1:
            raise Problem(400, "'jobs' of the request is less than 1")
        if "reuse" in wanted:
            await self.away(records.found, self.root, wanted["reuse"])
        return {("first" if name == "from" else name): value for name, value in wanted.items()}


class RunHandler(Handler):
    """``GET runs/ID`` and ``DELETE runs/ID``."""

    @allowed("read")
    async def get(self, number: str) -> None:
        entry = await self.away(records.found, self.root, int(number))
        self.answer(await self.away(records.run_json, self.root, entry))

    @allowed("write")
    async def delete(self, number: str) -> None:
        entry = await self.away(records.found, self.root, int(number))
        await self.away(records.delete, entry)
        self.set_status(204)
        self.finish()


class StopHandler(Handler):
    """``POST runs/ID/stop``."""

    @allowed("execute", "kernels")
    async def post(self, number: str) -> None:
        entry = await self.away(records.found, self.root, int(number))
        await self.away(records.stop, entry)
        self.answer(await self.away(records.run_json, self.root, entry), 202)


class ResumeHandler(StartHandler):
    """``POST runs/ID/resume``."""

    @allowed("execute", "kernels")
    async def post(self, number: str) -> None:
        entry = await self.away(records.found, self.root, int(number))
        if entry.status == "running":
            raise Problem(409, f"run {number} is still going", "stop it first")
        if entry.notebook and not self.root.holds(Path(entry.notebook)):
            raise Problem(403, f"the notebook of run {number} is outside the server's root folder")
        folder = Path(entry.notebook).parent if entry.notebook else entry.folder
        await self.start({"kind": "resume", "run_id": entry.id}, folder if folder.is_dir() else entry.folder)


class StepHandler(Handler):
    """``GET runs/ID/steps/SLUG``."""

    @allowed("read")
    async def get(self, number: str, slug: str) -> None:
        entry = await self.away(records.found, self.root, int(number))
        self.answer(await self.away(records.step_notebook, entry, slug))


class ReportHandler(PageHandler):
    """``GET runs/ID/report``."""

    @allowed("read")
    async def get(self, number: str) -> None:
        entry = await self.away(records.found, self.root, int(number))
        self.show(await self.away(records.report, entry))


class EventsHandler(JupyterHandler, WebSocketHandler):
    """``WS runs/ID/events?from=N``."""

    auth_resource = "contents"
    _task: asyncio.Task[None] | None = None
    _entry: Entry
    _first: int

    @property
    def ping_interval(self) -> float:
        """Seconds between signs of life, without which proxies close a channel on which nothing happens."""
        return _PING

    ping_timeout = ping_interval

    async def prepare(self) -> None:  # type: ignore[override]
        """A page that is not logged in gets 403: it cannot follow to a login."""
        await super().prepare(_redirect_to_login=False)

    @ws_authenticated
    async def get(self, number: str) -> None:
        if not await ensure_async(self.authorizer.is_authorized(self, self.current_user, "read", self.auth_resource)):
            raise HTTPError(403)
        first = self.get_query_argument("from", "0")
        if not first.isdecimal():
            raise HTTPError(400, "'from' is no number of an event")
        services: Services = self.settings["kale_lite"]
        try:
            self._entry = await in_thread(records.found, services.root, int(number))
        except Exception as error:
            raise HTTPError(problem_of(error).status, str(error)) from None
        self._first = int(first)
        await super().get(number)

    def open(self, *args: str, **kwargs: str) -> None:
        self._task = asyncio.ensure_future(self._follow())

    async def _follow(self) -> None:
        tail = Tail(self._entry.folder, self._first)
        with suppress(WebSocketClosedError):
            while not tail.ended:
                found = await in_thread(tail.read)
                for one in found:
                    await self.write_message(to_json(one).decode())
                if not found and not tail.ended:
                    await asyncio.sleep(_PAUSE)
            await self.write_message(json.dumps({"closed": True}))
            self.close(1000, "the run has ended")

    def on_message(self, message: str | bytes) -> None:
        """The page has nothing to say here."""

    def on_close(self) -> None:
        if self._task is not None:
            self._task.cancel()


ROUTES = (
    (r"runs", RunsHandler), (r"runs/(\d{1,18})", RunHandler), (r"runs/(\d{1,18})/stop", StopHandler),
    (r"runs/(\d{1,18})/resume", ResumeHandler), (r"runs/(\d{1,18})/steps/([^/]+)", StepHandler),
    (r"runs/(\d{1,18})/report", ReportHandler), (r"runs/(\d{1,18})/events", EventsHandler),
)  # fmt: skip
