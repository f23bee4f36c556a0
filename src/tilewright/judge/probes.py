"""An input that tells causes apart which fit one dump alike, and causes that no input tells apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tilewright.judge.cause import Cause, predict
from tilewright.judge.open_causes import OpenCause
from tilewright.judge.operands import Operands
from tilewright.judge.problem import Problem, padded_plane
from tilewright.spec import IntegerLayer
from tilewright.vectors import Bundle, write_bundle
from tilewright.vectors.bundle_reader import decode_constants
from tilewright.verify import reference_outputs, reference_tap_psums

Causes = tuple[Cause, ...]
TRIES = 6
"""Inputs after which causes that always agree count as one: random ones, and loud ones."""
LOUD = 3
"""One of so many inputs is loud."""


def random_operands(bundle: Bundle, seed: int) -> Operands:
    """Weights and codes over the whole ranges of their formats, of the bundle's shape."""
    random, shape = np.random.default_rng(seed), bundle.shape
    act, weight = bundle.act_format, bundle.weight_format
    return Operands(
        random.integers(
            weight.min_code, weight.max_code + 1, (shape.oc, shape.ic, shape.kh, shape.kw)
        ),
        random.integers(act.min_code, act.max_code + 1, (shape.ic, shape.ih, shape.iw)),
    )


def trial_operands(bundle: Bundle, seed: int) -> Operands:
    """Random operands; one of `LOUD` has large sums of both signs, from channel to channel larger ones.

    Random sums are small beside the largest ones that there are: what only those tell apart needs them.
    """
    found = random_operands(bundle, seed)
    if seed % LOUD != LOUD - 1:
        return found
    random = np.random.default_rng(seed)
    act, weight = bundle.act_format, bundle.weight_format
    channels = np.arange(bundle.shape.oc)
    end = np.where((channels + seed) % 2, weight.max_code, weight.min_code)[:, None, None, None]
    share = ((channels + 1) / bundle.shape.oc)[:, None, None, None]
    is_loud = random.random(found.weight.shape) < share
    codes = np.where(random.random(found.codes.shape) < 0.5, act.max_code, found.codes)
    return Operands(np.where(is_loud, end, found.weight), codes)


def posed(problem: Problem, operands: Operands) -> Problem:
    """The problem with other operands; what was found and expected are not of them."""
    return replace(
        problem, weight=operands.weight, plane=padded_plane(operands.codes, problem.shape)
    )


def told_apart(bundle: Bundle, problem: Problem, fits: Sequence[Causes]) -> list[list[Causes]]:
    """The fits in groups that no random input tells apart, each in the order of the fits.

    Of two orders of the same causes that no input tells apart, one is in its group.
    """
    groups: dict[tuple[bytes, ...], list[Causes]] = {}
    trials = [
        posed(problem, operands)
        for seed in range(TRIES if len(fits) > 1 else 0)
        if _fits_field(bundle, operands := trial_operands(bundle, seed)) or seed % LOUD != LOUD - 1
    ]
    for causes in fits:
        answer = tuple(predict(trial, causes).tobytes() for trial in trials)
        group = groups.setdefault(answer, [])
        if not any(set(causes) == set(known) for known in group):  # in another order alone
            group.append(causes)
    return list(groups.values())


def opens_told_apart(
    bundle: Bundle, problem: Problem, fits: Sequence[OpenCause]
) -> list[list[Causes]]:
    """As `told_apart`, of causes that leave numbers open: those are not held against one another."""
    groups: dict[tuple[bytes, ...], list[Causes]] = {}
    trials = [posed(problem, random_operands(bundle, seed)) for seed in range(4)]
    for one in fits:
        answers = [one.masked(trial) for trial in trials]
        answer = tuple(numbers.tobytes() + free.tobytes() for numbers, free in answers)
        groups.setdefault(answer, []).append(one.causes)
    return list(groups.values())


def write_probe(
    bundle: Bundle, problem: Problem, groups: Sequence[Sequence[Causes]], folder: Path
) -> Bundle:
    """Write the bundle of an input under which every group of causes puts out other numbers.

    It has the layer, array and layout of `bundle`. Raises what `write_bundle` raises.
    """
    chosen = random_operands(bundle, 0)
    for seed in range(64):
        operands = trial_operands(bundle, seed)
        trial = posed(problem, operands)
        answers = {predict(trial, group[0]).tobytes() for group in groups}
        if len(answers) == len(groups) and _fits_field(bundle, operands):
            chosen = operands
            break
    return _write(bundle, chosen, folder)


def _fits_field(bundle: Bundle, operands: Operands) -> bool:
    taps = reference_tap_psums(operands.codes[None], operands.weight, bundle.shape)[:, 0]
    highest = max(int(np.abs(taps).max()), int(np.abs(taps.sum(axis=0)).max()))
    return highest < 1 << (bundle.array.psum_bits - 1)


def _write(bundle: Bundle, operands: Operands, folder: Path) -> Bundle:
    taps = reference_tap_psums(operands.codes[None], operands.weight, bundle.shape)[:, 0]
    psums = taps.sum(axis=0)
    layer = IntegerLayer(
        name=f"{bundle.layer_name}-probe",
        shape=bundle.shape,
        weight=operands.weight.astype(np.int8),
        weight_format=bundle.weight_format,
        act_format=bundle.act_format,
        weight_scale=np.array(bundle.scales.weight),
        act_scale=bundle.scales.act,
    )
    kinds = bundle.layout.kind_names
    constants = decode_constants(bundle)
    return write_bundle(
        folder,
        layer=layer,
        plan=bundle.plan,
        layout=bundle.layout,
        codes=operands.codes.astype(bundle.act_format.dtype),
        psums=psums,
        tap_psums=taps if "tap_psum" in kinds else None,
        outputs=reference_outputs(psums, bundle.layout.output, constants=constants),
        constants=constants,
        sample=0,
    )
