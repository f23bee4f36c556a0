"""Explain wrong codes: the single fault of a requantization that turns the agreed sums into them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.spec import NEVER, IntArray, Ints, Requantization
from tilewright.verify.reference import max_pool, reference_next_codes

SHOWN = 5
"""The largest number of faults that are listed one by one."""


def explain_codes(sums: Ints, link: Requantization, codes: IntArray) -> tuple[str, ...]:
    """The faults that explain how `codes` differ from those of `link`, by channel; empty if they agree.

    sums ``n oc oh ow``, on which both sides agree; codes ``n ic ih iw`` of the reader, as another
    implementation computed them. Faults that are recognized: pools taken before the thresholds, the
    direction of a channel, the place of a threshold; a difference that none of them explains is reported
    as unexplained.
    """
    expected = reference_next_codes(sums, link)
    if expected.shape != codes.shape:
        return (f"the codes have the shape {codes.shape}, but the pools give {expected.shape}",)
    channels = len(link.direction)
    ours, theirs = (
        part.reshape(len(sums), channels, -1).astype(np.int64) for part in (expected, codes)
    )
    wrong = np.flatnonzero((ours != theirs).any(axis=(0, 2))).tolist()
    if not wrong:
        return ()
    if link.pools and np.array_equal(_pooled_first(sums, link).reshape(theirs.shape), theirs):
        return (
            f"the codes are those of max-pooling before the thresholds, not after them: "
            f"{len(wrong)} of {channels} channels differ, of those with direction -1",
        )
    found = [_explain_channel(sums, link, theirs[:, oc], oc) for oc in wrong[:SHOWN]]
    if len(wrong) > SHOWN:
        found.append(f"{len(wrong) - SHOWN} more channels differ")
    return tuple(found)


def _explain_channel(sums: Ints, link: Requantization, codes: Ints, oc: int) -> str:
    """The fault of one channel; codes ``n pixel``."""
    direction = int(link.direction[oc])
    if _moved_thresholds(_decisive(sums[:, oc], link, -direction), link, codes, oc) == []:
        return f"oc={oc}: the direction is {direction}, but the codes follow {-direction}"
    moved = _moved_thresholds(_decisive(sums[:, oc], link, direction), link, codes, oc)
    if moved is None:
        return f"oc={oc}: the codes are no step function of the sum, in either direction"
    return f"oc={oc}: {'; '.join(moved[:SHOWN])}"


def _moved_thresholds(
    reached: Ints, link: Requantization, codes: Ints, oc: int
) -> list[str] | None:
    """Thresholds of a channel that lie elsewhere than the codes say; None if none give such codes."""
    moved = []
    level_of = codes - link.min_code
    for level, threshold in enumerate(link.thresholds[oc].tolist(), start=1):
        below, above = reached[level_of < level], reached[level_of >= level]
        low = int(below.max()) + 1 if below.size else -int(NEVER)
        high = int(above.min()) if above.size else int(NEVER)
        if low > high:
            return None
        if not low <= threshold <= high:
            code = link.min_code + level
            moved.append(
                f"the threshold of code {code} is {_name(threshold)}, but the codes ask for "
                f"{_name(low)}..{_name(high)}"
            )
    return moved


def _decisive(sums: Ints, link: Requantization, direction: int) -> Ints:
    """The largest direction * sum of each window, ``n pixel``: thresholds ascend, so it decides the code."""
    values = (sums * direction)[:, None]  # n 1 oh ow
    for pool in link.pools:
        values = max_pool(values, pool, lowest=-int(NEVER))
    return values.reshape(len(sums), -1)


def _pooled_first(sums: Ints, link: Requantization) -> Ints:
    """Codes if max-pooling came before the thresholds."""
    for pool in link.pools:
        sums = max_pool(sums, pool, lowest=-int(NEVER))
    return reference_next_codes(sums, replace(link, pools=()))


def _name(threshold: int) -> str:
    if abs(threshold) >= NEVER:
        return "never" if threshold > 0 else "always"
    return f"{threshold:,}"
