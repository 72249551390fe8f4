"""Results of classifiers in the shapes in which notebooks have them: confusion matrices and ROC curves."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Optional, Sequence

__all__ = ["classified"]

_MOST_POINTS = 200
_MOST_CLASSES = 50
_MATRIX = ("confusion_matrix", "matrix", "cm")
_LABELS = ("display_labels", "labels", "classes", "categories", "target_names")


def classified(values: Sequence[Any], names: Sequence[str]) -> Dict[str, Any]:
    """A matrix (``labels``, ``matrix``) or a curve (``fpr``, ``tpr``, ``thresholds``); a note where it is neither.

    Several values are the parts of one curve: rates of false and of true positives, and thresholds if there are any.
    """
    shown = ", ".join(names)
    if any(value is None for value in values):
        return {"note": f"{shown} was not reported"}
    found = _curve(tuple(values)) if len(values) > 1 else _single(values[0])
    return found or {"note": f"{shown} was no confusion matrix or ROC curve when the step ran"}


def _single(value: Any) -> Optional[Dict[str, Any]]:
    return _with_parts(value) or (_curve(value) or _matrix(value) if isinstance(value, tuple) else
                                  _matrix(value) or _curve(value))  # fmt: skip


def _with_parts(value: Any) -> Optional[Dict[str, Any]]:
    """Dicts, frames and scikit-learn's displays: parts under names."""
    matrix, labels = _part(value, _MATRIX), _part(value, _LABELS)
    if matrix is not None:
        return _labelled(_rows(matrix), None if labels is None else _texts(labels))
    fpr, tpr = _part(value, ("fpr",)), _part(value, ("tpr",))
    if fpr is not None and tpr is not None:
        thresholds = _part(value, ("thresholds", "threshold"))
        return _curve((fpr, tpr) if thresholds is None else (fpr, tpr, thresholds))
    return None


def _part(value: Any, names: Sequence[str]) -> Any:
    for name in names:
        if isinstance(value, dict) or _is_frame(value):
            if name in value:
                return value[name]
        elif hasattr(value, name) and not callable(getattr(value, name)):
            return getattr(value, name)
    return None


def _is_frame(value: Any) -> bool:
    return hasattr(value, "columns") and hasattr(value, "index") and hasattr(value, "to_numpy")


def _matrix(value: Any) -> Optional[Dict[str, Any]]:
    """A square table of numbers; with its labels where it is a frame, or comes in a pair with them."""
    if _is_frame(value):
        return _of_frame(value)
    if isinstance(value, (tuple, list)) and len(value) == 2:
        for matrix, labels in (value, value[::-1]):
            rows = _of_frame(matrix) if _is_frame(matrix) else _labelled(_rows(matrix), _texts(labels))
            if rows is not None:
                return rows
    return _labelled(_rows(value), None)


def _of_frame(frame: Any) -> Optional[Dict[str, Any]]:
    """A frame's labels are those of its rows and columns: a table of counts may lack a class on either side."""
    down, across = _texts(frame.index), _texts(frame.columns)
    rows = _numbers_in_rows(frame.to_numpy().tolist())
    if rows is None or down is None or across is None or not set(down) & set(across):
        return None
    labels = list(dict.fromkeys([*down, *across]))
    if len({*down}) < len(down) or len({*across}) < len(across):
        return None
    cells = {(a, b): rows[i][j] for i, a in enumerate(down) for j, b in enumerate(across)}
    return _labelled([[cells.get((a, b), 0) for b in labels] for a in labels], labels)


def _labelled(rows: Optional[List[List[float]]], labels: Optional[List[str]]) -> Optional[Dict[str, Any]]:
    if rows is None or len(rows) < 2 or any(len(row) != len(rows) for row in rows):
        return None
    if any(cell < 0 for row in rows for cell in row):
        return None
    if labels is not None and len(labels) != len(rows):
        return None
    if len(rows) > _MOST_CLASSES:
        return {"note": f"a confusion matrix of {len(rows)} classes: up to {_MOST_CLASSES} are shown"}
    note = {} if labels is not None else {"note": "the classes have no labels here: they are numbered from 0"}
    return {"labels": labels or [str(number) for number in range(len(rows))], "matrix": rows, **note}


def _curve(value: Any) -> Optional[Dict[str, Any]]:
    """Two or three rows of numbers as long as each other, the first two rates."""
    if not isinstance(value, (tuple, list)) or len(value) not in (2, 3):
        return None
    parts = [_numbers(one) for one in value]
    if any(part is None or len(part) != len(parts[0] or ()) or len(part) < 2 for part in parts):
        return None
    fpr, tpr = parts[0] or [], parts[1] or []
    rising = all(a <= b for a, b in zip(fpr, fpr[1:]))
    if not rising or not all(0 <= one <= 1 for one in [*fpr, *tpr]):
        return None
    notes = [] if len(parts) == 3 else ["the curve has no thresholds here: they are written as 0"]
    thresholds = _finite(parts[2] or []) if len(parts) == 3 else [0.0] * len(fpr)
    chosen = _spread(len(fpr))
    if len(chosen) < len(fpr):
        notes.append(f"{len(chosen)} of {len(fpr):,} points are shown")
    about = {
        "fpr": [fpr[i] for i in chosen],
        "tpr": [tpr[i] for i in chosen],
        "thresholds": [thresholds[i] for i in chosen],
    }
    return {**about, **({"note": "; ".join(notes)} if notes else {})}


def _finite(thresholds: List[float]) -> List[float]:
    """scikit-learn's first threshold is infinite, which JSON does not have: one above the highest stands for it."""
    highest = max([one for one in thresholds if math.isfinite(one)], default=0.0)
    return [one if math.isfinite(one) else highest + 1 for one in thresholds]


def _spread(count: int) -> List[int]:
    if count <= _MOST_POINTS:
        return list(range(count))
    return [round(i * (count - 1) / (_MOST_POINTS - 1)) for i in range(_MOST_POINTS)]


def _rows(value: Any) -> Optional[List[List[float]]]:
    return _numbers_in_rows(value.tolist() if hasattr(value, "tolist") else value)


def _numbers_in_rows(value: Any) -> Optional[List[List[float]]]:
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(row, (list, tuple)) for row in value):
        return None
    rows = [_numbers(row) for row in value]
    if any(row is None or not all(map(math.isfinite, row)) for row in rows):
        return None
    return [row for row in rows if row is not None]


def _numbers(value: Any) -> Optional[List[float]]:
    value = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(value, (list, tuple)):
        return None
    plain = [one.item() if hasattr(one, "item") else one for one in value]
    if not all(isinstance(one, (int, float)) and not isinstance(one, bool) and one == one for one in plain):
        return None
    return [float(one) for one in plain]


def _texts(value: Any) -> Optional[List[str]]:
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, (str, bytes)) or not isinstance(value, (list, tuple)):
        return None
    return [str(one)[:60] for one in value] if not any(isinstance(one, (list, tuple)) for one in value) else None
