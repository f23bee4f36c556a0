"""Torch's tensors in compiled loops: their memory as arrays, channels last, and threads that share work."""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Array = npt.NDArray[Any]
Result = TypeVar("Result")

Links = Sequence[tuple[int, ...]]
"""Output pixel, tap and input pixel, two numbers each."""

PARTS = 16
"""Into which maps are cut: more than threads are likely, and as many whatever their number."""


@functools.cache
def has_kernels() -> bool:
    """Whether the loops are compiled here; loads numba, if it is there."""
    if importlib.util.find_spec("numba") is None:
        return False
    from numba import config

    return not config.DISABLE_JIT  # type: ignore[attr-defined]


def as_rows(tensor: Tensor) -> Array:
    """The memory of `tensor` ``n c h w`` as an array ``n h w c``, bfloat16 as uint16; or a copy."""
    moved = _plain(tensor).detach().permute(0, 2, 3, 1)  # n h w c
    return np.ascontiguousarray(moved.contiguous().numpy())


def as_numbers(tensor: Tensor) -> Array:
    """The memory of a contiguous tensor as one row of numbers, bfloat16 as uint16."""
    return _plain(tensor).reshape(-1).numpy()


def _plain(tensor: Tensor) -> Tensor:
    """With a dtype that numpy has."""
    return tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor


def empty_map(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """A tensor ``n c h w`` whose memory `as_rows` shows, and does not copy."""
    n, c, h, w = shape
    return torch.empty((n, h, w, c), dtype=dtype).permute(0, 3, 1, 2)  # n c h w


def share(work: Callable[[int, int], Result], parts: int) -> list[Result]:
    """Results of ``work(first, last)`` for all `parts` in order, by as many threads as torch uses.

    Each runs torch's operations alone: where there are many small ones, threads that meet once are faster
    than threads that meet in each.
    """
    threads = min(torch.get_num_threads(), parts)
    if threads <= 1:
        return [work(0, parts)]
    ends = [parts * thread // threads for thread in range(threads + 1)]
    pool = _pool(os.getpid(), threads)
    return list(pool.map(work, ends[:-1], ends[1:]))


def widen_bytes(codes: Tensor) -> Tensor:
    """Bytes ``n c h w`` as bfloat16, which holds each of them, channels last."""
    from tilewright.quant import weight_kernels

    widened = empty_map(tuple(codes.shape), torch.bfloat16)
    rows, found = (cut(as_rows(tensor)) for tensor in (codes, widened))
    share(partial(weight_kernels.widen, rows, found), len(rows))
    return widened


def spread_taps(w: Tensor, links: Links, shape: tuple[int, ...]) -> Tensor:
    """Weights int8 ``oc ic kh kw`` where they link pixels, else 0: bfloat16 ``oh ow oc ih iw ic``."""
    from tilewright.quant import weight_kernels

    matrix = torch.empty(shape, dtype=torch.bfloat16)
    found = _plain(matrix).numpy()
    share(partial(weight_kernels.spread_taps, as_rows(w), np.array(links), found), w.shape[0])
    return matrix


def sum_taps(pairs: Tensor, links: Links, shape: tuple[int, ...]) -> Tensor:
    """Sums of what a tap links: bfloat16 ``oh ow oc ih iw ic`` to float32 ``oc kh kw ic``."""
    from tilewright.quant import weight_kernels

    sums = torch.empty(shape)
    given = _plain(pairs).numpy()
    share(partial(weight_kernels.sum_taps, given, np.array(links), sums.numpy()), shape[0])
    return sums


def cut(rows: Array) -> Array:
    """Without a copy: ``row place``, rows of the first axis."""
    return rows.reshape(len(rows), -1)


@functools.cache
def _pool(_process: int, threads: int) -> ThreadPoolExecutor:
    """Threads of this process; those of another are lost in a fork."""
    return ThreadPoolExecutor(threads, "tilewright-loops", initializer=_work_alone)


def _work_alone() -> None:
    """Let torch's operations in this thread use no other; the number of the others is their own."""
    from threadpoolctl import threadpool_limits

    torch.get_num_threads()  # takes over that of the process, once in each thread
    threadpool_limits(1, user_api="openmp")
