"""The process pool: analysis, suggestions and compiling happen outside the server, so that Lab never freezes."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from kale_lite.server.answers import Answer, Problem
from kale_lite.server.worker import ANSWER, QUESTION, read_exactly

__all__ = ["Pool", "in_thread"]

T = TypeVar("T")
_ANSWERED_WHILE_LONG = 1
"""Processes that stay free for analyses while others compile."""


def in_thread(call: Callable[..., T], *args: Any) -> asyncio.Future[T]:
    """Call something that blocks, in a thread that does not keep the server from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def tell(outcome: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the server ends: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if future.done() else outcome())

    def run() -> None:
        try:
            found = call(*args)
        except Exception as error:
            # An exception that is told later than its block must not be the block's name.
            told = error
            tell(lambda: future.set_exception(told))
        else:
            tell(lambda: future.set_result(found))

    threading.Thread(target=run, name="kale-lite", daemon=True).start()
    return future


class _Process:
    """One worker. Its first answer takes as long as its imports."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", "-m", "kale_lite.server.worker"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: bytes) -> Answer:
        """The answer to a question. EOFError or OSError when the process ends before."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(QUESTION.pack(len(question)) + question)
        self._process.stdin.flush()
        status, size = ANSWER.unpack(read_exactly(self._process.stdout, ANSWER.size))
        return Answer(status, read_exactly(self._process.stdout, size))

    def end(self) -> int | None:
        """End the process; gives how it ended."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        return self._process.wait()


@dataclass(slots=True, eq=False)
class _Waiting:
    """A question that waits for a process; ``client`` is empty for one that no other can supersede."""

    question: bytes
    client: str
    long: bool
    seconds: float
    answer: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Pool:
    """At most ``size`` processes, started as they are needed, replaced when they die or take too long."""

    def __init__(self, size: int, log: logging.Logger) -> None:
        self._size, self._log = size, log
        self._idle: list[_Process] = []
        self._busy = 0
        self._long = 0
        self._waiting: deque[_Waiting] = deque()
        self._closed = False

    async def warm(self) -> None:
        """Have one process ready, with all that an analysis needs imported."""
        await self.ask("warm", {}, seconds=120.0)

    async def ask(
        self, task: str, about: Mapping[str, Any], *, seconds: float, client: str = "", long: bool = False
    ) -> Answer:
        """The answer of a task of ``tasks.TASKS``. Problem: 409 superseded, 504 it took too long, 500 it died.

        Of the waiting questions of one ``client`` only the newest is asked. ``long`` ones leave a process for others.
        """
        one = _Waiting(json.dumps({"task": task, **about}).encode(), client, long, seconds)
        if client:
            self._supersede(client)
        self._waiting.append(one)
        self._next()
        try:
            return await one.answer
        finally:
            if one in self._waiting:  # the page no longer waits
                self._waiting.remove(one)

    def close(self) -> None:
        """End the idle processes; busy ones end with the server's pipes."""
        self._closed = True
        for process in self._idle:
            process.end()
        self._idle.clear()

    def _supersede(self, client: str) -> None:
        for one in [one for one in self._waiting if one.client == client]:
            self._waiting.remove(one)
            if not one.answer.done():
                one.answer.set_exception(Problem(409, "a newer analysis was asked for"))

    def _next(self) -> None:
        """Give waiting questions to processes, as far as there are any."""
        for one in list(self._waiting):
            if self._busy >= self._size:
                return
            if one.long and self._long >= max(self._size - _ANSWERED_WHILE_LONG, 1):
                continue
            self._waiting.remove(one)
            self._busy += 1
            self._long += one.long
            task = asyncio.ensure_future(self._answer(one))
            task.add_done_callback(lambda done, one=one: self._done(one))  # type: ignore[misc]

    def _done(self, one: _Waiting) -> None:
        self._busy -= 1
        self._long -= one.long
        self._next()

    async def _answer(self, one: _Waiting) -> None:
        process: _Process | None = None
        try:
            process = await self._process()
            async with asyncio.timeout(one.seconds):
                answer = await in_thread(process.ask, one.question)
        except Exception as error:
            if process is not None:
                code = await in_thread(process.end)
                self._log.warning("kale-lite: an analysis process was ended or has died (%s, %r)", code, error)
            if not one.answer.done():
                one.answer.set_exception(_failure(error, one.seconds))
            return
        if self._closed:
            process.end()
        else:
            self._idle.append(process)
        if not one.answer.done():
            one.answer.set_result(answer)

    async def _process(self) -> _Process:
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            await in_thread(process.end)
        return await in_thread(_Process)


def _failure(error: Exception, seconds: float) -> Problem:
    if isinstance(error, TimeoutError):
        return Problem(
            504, f"this took more than {seconds:g} s, and was given up", "the command line has no such limit"
        )
    if isinstance(error, EOFError | OSError):
        return Problem(500, "the process that analyses notebooks died", "it is started again; is there memory left?")
    return Problem(500, f"kale-lite failed: {type(error).__name__}", "the log of the Jupyter server says more")
