"""Frames and columns of pandas for people: shape, columns, first rows, and a bounded copy as Parquet or CSV."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Dict, List

__all__ = ["described", "is_table", "write_table"]

_ROWS, _COLUMNS, _TEXT = 5, 20, 60
"""How much of a table a preview shows: rows, columns, characters of a cell."""
_MOST_ROWS, _MOST_COLUMNS, _MOST_BYTES = 100_000, 1000, 64_000_000
"""How much of a table is copied; bytes as it lies in memory."""
_SAMPLE = 1000


def is_table(value: Any) -> bool:
    """Whether a value is a frame or column of pandas; pandas is not imported for that."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (getattr(pandas, "DataFrame", ()), getattr(pandas, "Series", ())))


def described(value: Any) -> Dict[str, Any]:
    """Shape, types of columns and first rows, all as plain JSON."""
    frame = _frame(value, "")
    part = frame.iloc[:_ROWS, :_COLUMNS]
    columns = [str(name)[:_TEXT] for name in part.columns]
    about: Dict[str, Any] = {
        "type": f"{type(value).__module__.split('.')[0]}.{type(value).__qualname__}",
        "shape": list(value.shape),
        "columns": [f"{name}: {kind}" for name, kind in zip(columns, map(str, part.dtypes))],
        "preview": [_row(columns, part, number) for number in range(len(part))],
    }
    if len(frame.columns) > _COLUMNS:
        about["more_columns"] = len(frame.columns) - _COLUMNS
    return about


def _row(columns: List[str], part: Any, number: int) -> Dict[str, str]:
    index = str(part.index[number])[:_TEXT]
    cells = {name: str(part.iloc[number, place])[:_TEXT] for place, name in enumerate(columns)}
    return {"index": index, **cells}


def write_table(value: Any, name: str, path: str) -> Dict[str, Any]:
    """Write a table's copy to a path and describe it, with the format and what was left out."""
    if not is_table(value):
        return {"note": f"{name!r} was no frame or column when the step ran, but {_shown(value)}"}
    about = described(value)
    frame = _frame(value, name)
    rows, columns = _bounds(frame)
    part = frame.iloc[:rows, :columns]
    about["copied_rows"], about["copied_columns"] = rows, columns
    left = [f"the first {rows:,} of {len(frame):,} rows"] * (rows < len(frame))
    left += [f"the first {columns:,} of {len(frame.columns):,} columns"] * (columns < len(frame.columns))
    notes = [f"the copy holds {' and '.join(left)}"] if left else []
    about["format"] = "parquet"
    try:
        importlib.import_module("pyarrow")
        part.to_parquet(path, engine="pyarrow")
    except Exception as error:
        missing = isinstance(error, ImportError)
        why = "pyarrow is not installed" if missing else f"{type(error).__name__}: {str(error)[:200]}"
        notes.append(f"CSV, not Parquet: {why}")
        about["format"] = "csv"
        part.to_csv(path)
    about["copied_bytes"] = os.path.getsize(path)
    if notes:
        about["note"] = "; ".join(notes)
    return about


def _frame(value: Any, name: str) -> Any:
    """A frame as it is; a column as a frame of its own."""
    if not hasattr(value, "to_frame"):
        return value
    return value.to_frame() if value.name is not None else value.to_frame(name or "value")


def _bounds(frame: Any) -> Any:
    """The rows and columns that are copied: what a sample of rows says about the size of one."""
    columns = min(len(frame.columns), _MOST_COLUMNS)
    sample = frame.iloc[:_SAMPLE, :columns]
    size = int(sample.memory_usage(index=True, deep=True).sum()) if len(sample) else 0
    by_size = max(1, int(_MOST_BYTES * len(sample) / size)) if size else len(frame)
    return min(len(frame), _MOST_ROWS, by_size), columns


def _shown(value: Any) -> str:
    kind = f"{type(value).__module__}.{type(value).__qualname__}".replace("builtins.", "")
    return f"{kind} {value!r}"[:120] if isinstance(value, (int, float, str, bool)) else kind
