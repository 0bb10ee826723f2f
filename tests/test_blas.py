from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_info

from fauve.blas import one_blas_thread


def blas() -> list[int]:
    np.ones((2, 2)) @ np.ones((2, 2))
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_a_block_has_one_thread_and_leaves_the_rest_as_it_was() -> None:
    before = blas()
    with one_blas_thread():
        assert set(blas()) == {1}
    assert blas() == before
