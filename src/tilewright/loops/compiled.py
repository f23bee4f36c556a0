"""Compile loops; imported where the loops run, because numba takes a second to load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile and cache; without a cache where neither the package's nor the user's folder takes one."""
    try:
        return cast("Function", njit(nogil=True, cache=True, error_model="numpy")(function))
    except RuntimeError:
        return cast("Function", njit(nogil=True, error_model="numpy")(function))
