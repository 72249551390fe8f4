"""Settings of a project: ``[tool.kale-lite]`` in the pyproject.toml nearest above a notebook."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale_lite.errors import KaleLiteError

__all__ = ["Settings", "SettingsError", "read_settings"]

_KEYS = ("effects",)


class SettingsError(KaleLiteError):
    """A pyproject.toml cannot be read, or says something that is no setting."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project sets. ``effects`` are catalogues of its own, as full paths."""

    effects: tuple[Path, ...] = ()


def read_settings(folder: Path) -> Settings:
    """The settings for notebooks of a folder, from the nearest pyproject.toml that has any.

    SettingsError for bad ones.
    """
    for place in (folder, *folder.parents):
        path = place / "pyproject.toml"
        if path.is_file() and (table := _table(path)) is not None:
            return _settings(table, path)
    return Settings()


def _table(path: Path) -> dict[str, Any] | None:
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    table = data.get("tool", {}).get("kale-lite")
    if table is not None and not isinstance(table, dict):
        raise SettingsError(f"{path}: tool.kale-lite is no table", hint="write [tool.kale-lite]")
    return table


def _settings(table: dict[str, Any], path: Path) -> Settings:
    for key in table:
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, 1, 0.5)
            known = f"do you mean {near[0]!r}?" if near else f"settings are: {', '.join(_KEYS)}"
            raise SettingsError(f"{path}: [tool.kale-lite] has no setting {key!r}", hint=known)
    effects = table.get("effects", [])
    if not isinstance(effects, list) or not all(isinstance(one, str) for one in effects):
        raise SettingsError(f"{path}: `effects` is no list of paths", hint='write effects = ["effects.yml"]')
    paths = tuple(path.parent / one for one in effects)
    for one in paths:
        if not one.is_file():
            raise SettingsError(
                f"{path}: effect catalogue {one} does not exist", hint="paths start from pyproject.toml"
            )
    return Settings(paths)
