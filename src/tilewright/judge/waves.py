"""Read a dump out of a wave file: numbers that a bus held while a signal said so."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tilewright.errors import FormatError
from tilewright.judge.dump import Dump, FoundNumbers, dump_shape
from tilewright.judge.in_layout import WordFiles, split_bits
from tilewright.judge.listed import numbers_in_order
from tilewright.spec import Ints
from tilewright.vectors import Bundle
from tilewright.waves import Sample, Sampling, read_samples


def read_waves(
    bundle: Bundle,
    path: Path,
    files: WordFiles | None,
    *,
    kind: str,
    sampling: Sampling,
    order: str | None = None,
    is_partial: bool = False,
) -> Dump:
    """Numbers of `kind` that the buses of `sampling` held.

    Without `order`, a sample as wide as a word of the layout (`files`) is one, and words stand as in its
    files. Else a sample is as many numbers as fit, the highest bits first, or one where there are as many
    samples as numbers, and numbers stand in `order` (`numbers_in_order`). Bits that are x or z make a number
    unknown; numbers are two's complement. Raises `FormatError` if there are more samples than expected, or
    fewer and not `is_partial`.
    """
    samples = read_samples(path, sampling)
    width = len(samples[0].bits) if samples else 0
    if files is not None and order is None and width == files.grid.shape[2] * files.bits:
        bits, targets = files.bits, files.grid.reshape(-1, files.grid.shape[2])
    else:
        number = files.bits if files is not None else bundle.array.psum_bits
        listed = numbers_in_order(bundle, kind, order)
        is_one = len(samples) == len(listed) or not width or width % number
        bits = max(width, 1) if is_one else number
        targets = _in_rows(listed, max(width // bits, 1), path)
    if len(samples) != len(targets) and not (is_partial and 0 < len(samples) < len(targets)):
        raise FormatError(_refusal(path, sampling, samples, len(targets), kind))
    targets, lanes = targets[: len(samples)], targets.shape[1]
    digits = np.array([list(sample.bits.encode()) for sample in samples], np.uint8)
    values, known = split_bits(np.where(digits > ord("1"), 2, digits & 1), lanes, bits)
    where = np.zeros((*targets.shape, 3), np.int64)
    where[..., 1] = np.array([sample.time for sample in samples])[:, None]
    where[..., 2] = np.arange(lanes)
    found = FoundNumbers(
        targets.reshape(-1),
        values.reshape(-1),
        known.reshape(-1),
        where.reshape(-1, 3),
        (path.name,),
    )
    moments = {sample.time: _moment(sample) for sample in samples}
    return found.to_dump(kind, dump_shape(bundle, kind), counted="time", moments=moments)


def _moment(sample: Sample) -> str:
    """The cycle, and the address where one is watched: decimal, or its bits if some are x or z."""
    if not sample.address:
        return f"cycle {sample.cycle}"
    is_number = set(sample.address) <= {"0", "1"}
    address = str(int(sample.address, 2)) if is_number else sample.address
    return f"cycle {sample.cycle}, address {address}"


def _in_rows(targets: Ints, lanes: int, path: Path) -> Ints:
    if len(targets) % lanes:
        raise FormatError(
            f"{path}: a sample has {lanes} numbers, of which {len(targets)} are no whole number of "
            "samples: give the bus of one number, or another --order"
        )
    return targets.reshape(-1, lanes)


def _refusal(path: Path, sampling: Sampling, samples: list[Sample], wanted: int, kind: str) -> str:
    buses = " and ".join(sampling.buses)
    held = [text if "=" in text else f"{text} is 1" for text in sampling.when]
    when = f" at which {' and '.join(held)}" if held else ""
    fewer = "; --partial if only the first ones are there" if len(samples) < wanted else ""
    span = f", at times {samples[0].time} to {samples[-1].time}" if samples else ""
    edges = f" at rising edges of {sampling.clock}" if sampling.clock else ""
    return (
        f"{path} must have {wanted} samples of {buses} ({kind}){edges}{when}, "
        f"but has {len(samples)}{span}: another bus, clock or --when? (repeat it: valid and "
        f"ready){fewer}"
    )
