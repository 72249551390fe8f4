"""Puts kale-lite into a Jupyter server: routes, the process pool, renames."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from jupyter_server.utils import url_path_join

from kale_lite.server import handlers, run_handlers
from kale_lite.server.answers import Problem
from kale_lite.server.base import Services
from kale_lite.server.paths import Root
from kale_lite.server.pool import Pool
from kale_lite.server.renames import CONTENTS, Renames

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

__all__ = ["load"]

_WARM_AFTER = 1.0
"""Seconds from the server's start, which is not to wait for imports of ours."""


def load(serverapp: ServerApp) -> None:
    """Add kale-lite to the server."""
    contents = serverapp.contents_manager
    folder = getattr(contents, "root_dir", "") or serverapp.root_dir
    root = Root.of(folder, hidden=bool(getattr(contents, "allow_hidden", False)))
    pool = Pool(max(2, min(3, os.cpu_count() or 1)), serverapp.log)
    base = url_path_join(serverapp.web_app.settings["base_url"], "kale-lite")
    routes = [(f"{base}/{pattern}", handler) for pattern, handler in (*handlers.ROUTES, *run_handlers.ROUTES)]
    serverapp.web_app.settings["kale_lite"] = Services(root, pool)
    web: Any = serverapp.web_app  # tornado has no types for it
    web.add_handlers(".*$", routes)
    if serverapp.event_logger is not None:
        serverapp.event_logger.add_listener(schema_id=CONTENTS, listener=Renames(root, serverapp.log))
    serverapp.io_loop.add_callback(_warm, pool, serverapp)


async def _warm(pool: Pool, serverapp: ServerApp) -> None:
    await asyncio.sleep(_WARM_AFTER)
    try:
        await pool.warm()
    except Problem as problem:
        serverapp.log.warning("kale-lite: no process for analyses could be started: %s", problem)
