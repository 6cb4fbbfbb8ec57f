"""Loops that numba compiles on first use and keeps on disk.

A kernel is written as a plain function over arrays, serial, that releases the interpreter lock.
numba is imported only when one is needed: it costs more than most analyses.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


@functools.cache
def compiled(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Return a kernel compiled by numba, from its cache on disk where there is one."""
    import numba

    try:
        return _compile(numba, kernel, cache=True)
    except RuntimeError:  # no folder to cache in can be written to: compile in each process
        return _compile(numba, kernel, cache=False)


def _compile(numba: Any, kernel: Callable[..., Any], *, cache: bool) -> Callable[..., Any]:
    """Return the kernel as a function of numba that releases the interpreter lock."""
    function: Callable[..., Any] = numba.njit(nogil=True, cache=cache)(kernel)
    return function
