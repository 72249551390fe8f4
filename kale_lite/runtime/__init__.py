"""What runs inside a step: shipped to the kernel's environment, which needs only ipykernel.

Written for Python 3.9 and later, with the standard library and a private copy of cloudpickle alone.
"""

from __future__ import annotations
