"""Who is writing a record: a lock that ends with its process, however that ends, and which process that is."""

from __future__ import annotations

import fcntl
import os
import signal
from contextlib import suppress
from pathlib import Path

__all__ = ["Held", "hold", "interrupt", "is_held"]

_NAME = ".running"


class Held:
    """The lock on a record; given back by ``close`` or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def close(self) -> None:
        os.close(self._descriptor)


def hold(folder: Path) -> Held | None:
    """Take the lock on a record; None when a run that is still going has it. OSError when the folder refuses."""
    descriptor = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return Held(descriptor)


def is_held(folder: Path) -> bool:
    """Whether a run is still writing this record. Asks for a shared lock, so that askers do not meet each other."""
    try:
        descriptor = os.open(folder / _NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def interrupt(folder: Path) -> bool:
    """Ask the process that writes this record to end, as Ctrl-C does; False when it cannot be found on this machine.

    The number in the lock file is not enough: the process must hold that very file open. Where the system has them, it
    is signalled by a handle that cannot come to mean another process.
    """
    try:
        number = int((folder / _NAME).read_text("ascii"))
        handle = os.pidfd_open(number) if hasattr(os, "pidfd_open") else None
    except (OSError, ValueError):
        return False
    try:
        if not is_held(folder) or not _has_open(number, folder / _NAME):
            return False
        if handle is not None:
            signal.pidfd_send_signal(handle, signal.SIGINT)
        else:
            os.kill(number, signal.SIGINT)
        return True
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        if handle is not None:
            os.close(handle)


def _has_open(number: int, path: Path) -> bool:
    import psutil

    with suppress(psutil.Error, OSError):
        return any(os.path.samefile(one.path, path) for one in psutil.Process(number).open_files())
    return False
