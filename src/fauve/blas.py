"""One thread for products of matrices that are too small to share.

A resampling multiplies a few hundred columns at a time. On such sizes the threads of a BLAS mostly wait for each other,
and they wait by spinning: on two cores, studies side by side took four times the processor time of one thread each.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import threadpool_limits

__all__ = ["one_blas_thread"]


def one_blas_thread() -> AbstractContextManager[Any]:
    """Hold the BLAS of this process at one thread until the block ends; models keep the threads of their own."""
    limits: AbstractContextManager[Any] = threadpool_limits(limits=1, user_api="blas")
    return limits
