"""One job: what the host has written into the memories and the descriptor before `start`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.spec import ConvShape, OutputFunction, PsumRule, Schedule
from tilewright.tile import TilePlan

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stalls:
    """Random stalls: in each busy cycle, each of four parties is not ready with chance level / 256.

    level: 1..255. seed: 1..2**32 - 1.
    """

    level: int
    seed: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A job of `otiles` output tiles, from output tile `first_otile` of the layer.

    wmem: ``word lane``, lane a row (weight stationary) or a col; xmem: ``half word row``, one half, or
    two with half-width activations. words: XMEM word of each activation of a fold, ``tap n``, tap 0
    alone when output stationary. hits: ofmap pixel of each vector of a fold or -1, ``fold vector``,
    fold counted within an output tile. fold_words: weight words of a fold, or of an output tile when
    output stationary.
    """

    plan: TilePlan
    first_otile: int
    otiles: int
    schedule: Schedule
    rule: PsumRule
    output: OutputFunction
    stalls: Stalls | None
    wmem: Codes
    xmem: Codes
    words: Codes
    hits: Codes
    fold_words: int

    @property
    def is_os(self) -> bool:
        """Whether psums stay in the PEs."""
        return self.plan.dataflow == "os"

    @property
    def folds(self) -> int:
        """Folds of the job."""
        return self.otiles * self.plan.folds_per_otile

    @property
    def streamed(self) -> int:
        """Activation words of a fold."""
        return int(self.words.shape[1])

    @property
    def vectors(self) -> int:
        """Vectors that a fold brings to OFIFO."""
        return int(self.hits.shape[1])

    def activation_word(self, fold: int, n: int) -> int:
        """XMEM address of activation `n` of fold `fold` of the job."""
        inner = fold % self.plan.folds_per_otile
        if self.is_os:
            return inner * self.streamed + n
        itile, tap = divmod(inner, self.plan.shape.taps)
        return itile * self.plan.shape.nij + int(self.words[tap, n])


def make_job(
    plan: TilePlan,
    weights: npt.NDArray[np.int8],
    activations: npt.NDArray[np.uint8],
    *,
    first_otile: int,
    otiles: int,
    schedule: Schedule,
    rule: PsumRule,
    output: OutputFunction,
    stalls: Stalls | None = None,
) -> Job:
    """The job of output tiles `first_otile` and on; tensors as `simulate` takes them."""
    tiles = weights[first_otile : first_otile + otiles]
    is_os, pair = plan.dataflow == "os", plan.channels_per_pe
    rows, lanes = plan.array.rows, plan.array.cols if is_os else plan.array.rows
    wmem = tiles.reshape(-1, lanes, 1) if is_os else tiles.reshape(-1, lanes, pair)
    is_skipping = schedule.is_skipping and not is_os
    return Job(
        plan=plan,
        first_otile=first_otile,
        otiles=otiles,
        schedule=schedule,
        rule=rule,
        output=output,
        stalls=stalls,
        wmem=_wide(wmem.transpose(0, 2, 1).reshape(-1, lanes)),
        xmem=_wide(activations.reshape(-1, rows, pair).transpose(2, 0, 1)),
        words=np.arange(plan.steps)[None, :]
        if is_os
        else streamed_words(plan.shape, is_skipping=is_skipping),
        hits=_pass_pixels(plan) if is_os else _hits(plan, is_skipping),
        fold_words=plan.steps if is_os else plan.array.cols * pair,
    )


def _wide(words: npt.NDArray[Any]) -> Codes:
    return np.ascontiguousarray(words, np.int64)


@lru_cache(maxsize=64)
def streamed_words(shape: ConvShape, *, is_skipping: bool) -> Codes:
    """Weight stationary, ``tap n``: pixel of the padded plane of the activation streamed as number n."""
    if not is_skipping:
        return np.broadcast_to(np.arange(shape.nij), (shape.taps, shape.nij))
    lines = np.arange(shape.kh)[:, None] + shape.stride[0] * np.arange(shape.oh)  # kh_idx oi
    columns = np.arange(shape.kw)[:, None] + shape.stride[1] * np.arange(shape.ow)  # kw_idx oj
    pixels = lines[:, None, :, None] * shape.padded_w + columns[None, :, None, :]
    return pixels.reshape(shape.taps, shape.onij)


def _hits(plan: TilePlan, is_skipping: bool) -> Codes:
    """``fold vector``: the ofmap pixel, or -1, for the taps of every input tile."""
    return np.tile(_tap_hits(plan.shape, is_skipping), (plan.itiles, 1))


@lru_cache(maxsize=64)
def _tap_hits(shape: ConvShape, is_skipping: bool) -> Codes:
    """``tap n``: ofmap pixel of the vector, or -1 where the SFU drops it."""
    if is_skipping:
        return np.broadcast_to(np.arange(shape.onij), (shape.taps, shape.onij))
    lines = _axis(shape.kh, shape.padded_h, shape.stride[0], shape.oh)  # kh_idx ni
    columns = _axis(shape.kw, shape.padded_w, shape.stride[1], shape.ow)  # kw_idx nj
    rows, cols = lines[:, None, :, None], columns[None, :, None, :]
    onij = np.where((rows >= 0) & (cols >= 0), rows * shape.ow + cols, -1)
    return onij.reshape(shape.taps, shape.nij)


def _axis(kernel: int, padded: int, stride: int, out: int) -> Codes:
    """``tap line``: the o of ``line = o * stride + tap`` with ``0 <= o < out``, or -1."""
    o, rest = np.divmod(np.arange(padded)[None, :] - np.arange(kernel)[:, None], stride)
    return np.where((rest == 0) & (o >= 0) & (o < out), o, -1)


def _pass_pixels(plan: TilePlan) -> Codes:
    """``opass vector``: ofmap pixel, the bottom row first, or -1 beyond the last."""
    rows, onij = plan.array.rows, plan.shape.onij
    pixels = np.arange(plan.passes * rows).reshape(plan.passes, rows)[:, ::-1]
    return np.where(pixels < onij, pixels, -1)
