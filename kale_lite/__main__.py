"""``python -m kale_lite``."""

from __future__ import annotations

from kale_lite.cli import main

if __name__ == "__main__":
    main()
