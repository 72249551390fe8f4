"""Routes about a notebook: what kale-lite is here, analysis, suggestions, tags, compiling."""

from __future__ import annotations

import asyncio
import importlib.util
from typing import Any

from kale_lite import __version__
from kale_lite.diagnostics import CODES
from kale_lite.errors import KaleLiteError
from kale_lite.notebook.tags import Bare, Malformed, OptionTag, Prev, StepTag, parse_tag
from kale_lite.pages import html_page
from kale_lite.server import API
from kale_lite.server.answers import Problem
from kale_lite.server.base import Handler, PageHandler, allowed
from kale_lite.server.options import option_forms

__all__ = ["ROUTES"]

_ANALYSIS, _LONG = 30.0, 180.0
"""Seconds after which a process is given up."""
_NOTEBOOK = {"path": (str,), "notebook": (dict,)}
_INSTALL = "run: pip install 'kale-lite[kfp]'"
_KINDS: tuple[tuple[type, str], ...] = (
    (StepTag, "step"), (Prev, "prev"), (OptionTag, "option"), (Bare, "bare"), (Malformed, "malformed"),
)  # fmt: skip


class InfoHandler(Handler):
    """``GET info``."""

    @allowed("read")
    async def get(self) -> None:
        ready = importlib.util.find_spec("kfp") is not None
        self.answer({
            "name": "kale-lite",
            "version": __version__,
            "api": API,
            "targets": [
                {"name": "local", "label": "This machine", "ready": True, "hint": ""},
                {"name": "kfp", "label": "Kubeflow Pipelines", "ready": ready, "hint": "" if ready else _INSTALL},
            ],
            "options": list(option_forms()),
            "kfp_host": await self.away(_kfp_host),
        })  # fmt: skip


def _kfp_host() -> str:
    """The server that the environment or the user's settings name, without what credentials its address may hold."""
    from kale_lite.targets.kfp.submit.server import find_server

    try:
        return find_server().host
    except KaleLiteError:
        return ""


class PoolHandler(Handler):
    """A question to the process pool, taken back when the page no longer waits."""

    _asking: asyncio.Task[Any] | None = None

    async def ask(self, task: str, about: dict[str, Any], **options: Any) -> None:
        about["path"] = str(self.root.resolve(about["path"]))
        about["notebook"] = _without_outputs(about["notebook"])
        self._asking = asyncio.ensure_future(self.services.pool.ask(task, about, **options))
        try:
            answer = await self._asking
        except asyncio.CancelledError:
            raise Problem(409, "the page no longer waits for this") from None
        self.reply(answer.status, answer.text)

    def on_connection_close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()


def _without_outputs(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook without what cells have put out, which nothing here needs and which may be large."""
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        return notebook
    bare = [{**one, "outputs": []} if isinstance(one, dict) and "outputs" in one else one for one in cells]
    return {**notebook, "cells": bare}


class AnalyseHandler(PoolHandler):
    """``POST analyse``."""

    @allowed("read")
    async def post(self) -> None:
        about = self.body({**_NOTEBOOK, "client": (str,)}, {"target": (str,)})
        if about.get("target", "") not in ("", "local", "kfp"):
            raise Problem(400, f"there is no target {about['target']!r}", "targets are: local, kfp")
        await self.ask("analyse", about, seconds=_ANALYSIS, client=about["client"])


class SuggestHandler(PoolHandler):
    """``POST suggest``."""

    @allowed("read")
    async def post(self) -> None:
        await self.ask("suggest", self.body(_NOTEBOOK), seconds=_LONG, long=True)


class TagsHandler(Handler):
    """``POST tags``."""

    @allowed("read")
    async def post(self) -> None:
        tags = self.body({"tags": (list,)})["tags"]
        if not all(isinstance(one, str) for one in tags):
            raise Problem(400, "'tags' of the request is no list of texts")
        self.answer({"tags": list(map(_checked, tags))})


def _checked(text: str) -> dict[str, str]:
    tag = parse_tag(text)
    problem, suggestion = (tag.problem, tag.suggestion) if isinstance(tag, Malformed) else ("", "")
    kind = next((name for type_, name in _KINDS if isinstance(tag, type_)), "foreign")
    return {"text": text, "kind": kind, "problem": problem, "suggestion": suggestion}


class CompileHandler(PoolHandler):
    """``POST compile``."""

    @allowed("read")
    async def post(self) -> None:
        about = self.body({**_NOTEBOOK, "format": (str,)}, {"save": (bool,), "overwrite": (bool,)})
        about = {"save": False, "overwrite": False, **about}
        if about["format"] not in ("yaml", "python"):
            raise Problem(400, f"there is no format {about['format']!r}", "formats are: yaml, python")
        if importlib.util.find_spec("kfp") is None:
            raise Problem(422, "compiling for Kubeflow needs kfp, which is not installed", _INSTALL)
        if about["save"]:
            await self._may_write()
        await self.ask("compile", {**about, "root": str(self.root.folder)}, seconds=_LONG, long=True)

    @allowed("write")
    async def _may_write(self) -> None:
        """403 for who may read only."""


class DiagnosticHandler(PageHandler):
    """``GET pages/CODE``: what a diagnostic means."""

    @allowed("read")
    async def get(self, code: str) -> None:
        if code not in CODES:
            raise Problem(404, f"there is no diagnostic {code}")
        self.show(html_page(code))


ROUTES = (
    (r"pages/(KL\d+)", DiagnosticHandler),
    (r"info", InfoHandler), (r"analyse", AnalyseHandler), (r"suggest", SuggestHandler), (r"tags", TagsHandler),
    (r"compile", CompileHandler),
)  # fmt: skip
