"""Notebooks: reading and understanding them, and writing tags; nothing else of the user's file is ever changed."""

from __future__ import annotations

from kale_lite.notebook.ignores import apply_ignores, read_ignores
from kale_lite.notebook.mapping import all_parameters
from kale_lite.notebook.names import slugs
from kale_lite.notebook.parameters import parse_value, read_params_file, set_parameters
from kale_lite.notebook.reader import own_cells, read_notebook, with_tags
from kale_lite.notebook.roles import role_tags
from kale_lite.notebook.writing import retag, write_tags

__all__ = [
    "all_parameters",
    "apply_ignores",
    "own_cells",
    "parse_value",
    "read_ignores",
    "read_notebook",
    "read_params_file",
    "retag",
    "role_tags",
    "set_parameters",
    "slugs",
    "with_tags",
    "write_tags",
]
