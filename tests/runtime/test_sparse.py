"""Sparse matrices: what they note of themselves is no change, and travels as not yet noted."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from kale_lite.runtime import pickling


@pytest.mark.parametrize("kind", ["csr", "csc", "bsr"])
def test_reading_changes_nothing(kind: str) -> None:
    matrix = scipy.sparse.eye(3, format=kind) + scipy.sparse.random(3, 3, 0.9, format=kind, random_state=0)
    before, buffers = pickling.dump(matrix)
    assert matrix.has_sorted_indices
    assert matrix.has_canonical_format
    after, _ = pickling.dump(matrix)
    assert after == before
    loaded = pickling.load(after, [buffer.raw() for buffer in buffers])
    assert type(loaded) is type(matrix)
    assert np.array_equal(loaded.toarray(), matrix.toarray())


def test_writing_is_a_change() -> None:
    matrix = scipy.sparse.eye(3, format="csr")
    before, _ = pickling.dump(matrix.tolil())
    matrix[0, 0] = 5
    assert pickling.dump(matrix.tolil())[0] != before
