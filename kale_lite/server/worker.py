"""A process that analyses notebooks for the server: a question a frame on stdin, an answer a frame on stdout.

It ends when stdin does, so that none outlives its server.
"""

from __future__ import annotations

import gc
import json
import os
import struct
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import IO, Any

from kale_lite.server.answers import problem_of, to_json

__all__ = ["ANSWER", "QUESTION", "main", "read_exactly"]

QUESTION = struct.Struct(">Q")
"""How many bytes of JSON come: ``{"task": name, …}``."""
ANSWER = struct.Struct(">HQ")
"""Status, and how many bytes of JSON come."""


def read_exactly(stream: IO[bytes], size: int) -> bytes:
    """So many bytes; EOFError when the other side is gone."""
    data = stream.read(size)
    if data is None or len(data) < size:
        raise EOFError
    return data


def main() -> None:
    """Answer until the server is gone. What is printed on the way goes to stderr, and harms no answer."""
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    from kale_lite.server.tasks import TASKS

    gc.disable()
    warmed = False
    while True:
        try:
            question = read_exactly(questions, QUESTION.unpack(read_exactly(questions, QUESTION.size))[0])
        except EOFError:
            return
        status, text = answered(question, TASKS)
        answers.write(ANSWER.pack(status, len(text)) + text)
        answers.flush()
        # Garbage is collected while nobody waits; what was imported never becomes any.
        gc.collect()
        if not warmed:
            gc.freeze()
            warmed = True


def answered(question: bytes, tasks: Mapping[str, Callable[..., Any]]) -> tuple[int, bytes]:
    """Status and JSON text for a question."""
    try:
        asked = json.loads(question)
        return 200, to_json(tasks[asked.pop("task")](**asked))
    except Exception as error:
        problem = problem_of(error)
        if problem.status == 500:
            traceback.print_exc(file=sys.stderr)
        return problem.status, to_json(problem.to_json())


if __name__ == "__main__":
    main()
