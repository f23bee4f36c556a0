"""Naive references of the nodes of attention: one number after the other, in Python's integers."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tilewright.spec import CodeMatmul, CodeNorm, CodeSoftmax, IntArray

Ints = npt.NDArray[np.int64]


def reference_matmul(node: CodeMatmul, first: IntArray, second: IntArray) -> Ints:
    """Sums of products over the channels of a head, or over the pixels."""
    return _mixtures(node, first, second) if node.is_mix else _scores(node, first, second)


def _scores(node: CodeMatmul, first: IntArray, second: IntArray) -> Ints:
    channels, _, width = node.planes[1]
    each = channels // node.heads
    sums = np.zeros((len(first), *node.output_shape), np.int64)
    for head, asks, answers in np.ndindex(*node.output_shape):
        one = first[:, head * each : head * each + each, asks // width, asks % width]
        other = second[:, head * each : head * each + each, answers // width, answers % width]
        sums[:, head, asks, answers] = (one.astype(np.int64) * other).sum(axis=1)
    return sums


def _mixtures(node: CodeMatmul, shares: IntArray, values: IntArray) -> Ints:
    channels, _, width = node.planes[1]
    each = channels // node.heads
    sums = np.zeros((len(values), *node.output_shape), np.int64)
    for channel, row, column in np.ndindex(*node.output_shape):
        taken = shares[:, channel // each, row * width + column].astype(np.int64)  # n pixels
        sums[:, channel, row, column] = (taken * values[:, channel].reshape(taken.shape)).sum(
            axis=1
        )
    return sums


def reference_softmax(node: CodeSoftmax, codes: IntArray) -> Ints:
    """Whole shares of 256 of a row, each rounded down."""
    table = node.table.tolist()
    sums = np.zeros(codes.shape, np.int64)
    for sample, channel, row in np.ndindex(*codes.shape[:3]):
        line = codes[sample, channel, row].tolist()
        entries = [table[max(line) - code] for code in line]
        total = sum(entries)
        sums[sample, channel, row] = [256 * entry // total for entry in entries]
    return sums


def reference_norm(node: CodeNorm, codes: IntArray) -> Ints:
    """64 times the distance from the mean, in deviations, rounded down; both times C, to be whole."""
    count = node.planes[0][0]
    sums = np.zeros(codes.shape, np.int64)
    for sample, row, column in np.ndindex(len(codes), *codes.shape[2:]):
        pixel = codes[sample, :, row, column].tolist()
        apart = [count * code - sum(pixel) for code in pixel]
        deviation = math.isqrt(sum(one * one for one in apart) // count) or 1
        sums[sample, :, row, column] = [64 * one // deviation for one in apart]
    return sums
