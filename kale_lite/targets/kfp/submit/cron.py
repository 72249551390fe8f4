"""Schedules: cron as people write it, in the form that KFP reads, which begins with seconds."""

from __future__ import annotations

import re

from kale_lite.errors import UsageError

__all__ = ["kfp_cron"]

_FIELDS = (("second", 0, 59), ("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6))
_NAMES = {
    "month": ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    "weekday": ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
}
_DESCRIPTORS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_EVERY = re.compile(r"@every (\d+(\.\d+)?(h|m|s))+")
_PART = re.compile(r"(?P<first>\*|\?|\w+)(-(?P<last>\w+))?(/(?P<step>\d+))?")
_HINT = (
    'write minute hour day month weekday, such as "0 6 * * mon-fri" (06:00 on workdays, in the server\'s time zone), '
    "or seconds before that, or @hourly, @daily, @every 90m"
)


def kfp_cron(text: str) -> str:
    """A schedule in KFP's form: with a field of seconds, which is 0 where the user gives five fields.

    UsageError for what is no schedule.
    """
    text = " ".join(text.split())
    if text.lower() in _DESCRIPTORS or _EVERY.fullmatch(text):
        return text.lower()
    fields = text.split(" ")
    if len(fields) not in (5, 6):
        raise UsageError(f"--schedule {text!r} is no cron expression: it has {len(fields)} fields", hint=_HINT)
    if len(fields) == 5:
        fields.insert(0, "0")
    return " ".join(_field(given, *about) for given, about in zip(fields, _FIELDS, strict=True))


def _field(text: str, name: str, low: int, high: int) -> str:
    return ",".join(_part(part, name, low, high) for part in text.split(","))


def _part(text: str, name: str, low: int, high: int) -> str:
    """A part of a field. Weekday 7 is Sunday in cron, and unknown to KFP."""
    found = _PART.fullmatch(text)
    if found is None or (found["step"] is not None and int(found["step"]) == 0):
        raise _wrong(text, name)
    if found["first"] in ("*", "?"):
        if found["last"] is not None or (found["first"] == "?" and name not in ("day", "weekday")):
            raise _wrong(text, name)
        return text
    first = _number(found["first"], name, low, high)
    last = _number(found["last"], name, low, high) if found["last"] is not None else first
    if name == "weekday" and (first, last) == (7, 7):
        first = last = 0
    if name == "weekday" and last == 7 and not found["step"]:
        return f"{first}-6,0"
    if name == "weekday" and 7 in (first, last):
        raise _wrong(text, name)
    if last < first:
        raise UsageError(
            f"--schedule: {text!r} runs backwards, which KFP refuses", hint="write two ranges: fri-sat,sun"
        )
    shown = str(first) if found["last"] is None else f"{first}-{last}"
    return f"{shown}/{found['step']}" if found["step"] else shown


def _number(text: str, name: str, low: int, high: int) -> int:
    if text.lower() in _NAMES.get(name, ()):
        return _NAMES[name].index(text.lower()) + low
    if not text.isdecimal() or not low <= int(text) <= (7 if name == "weekday" else high):
        raise _wrong(text, name)
    return int(text)


def _wrong(text: str, name: str) -> UsageError:
    return UsageError(f"--schedule: {text!r} is no {name}", hint=_HINT)
