"""How well `tilewright explain` names causes: blind, against cores that share no code with it.

    python benchmarks/explain.py [--singles 150] [--pairs 150] [--mutants 60] [--random 60] [--wide]
                                 [--only WORD]

Faults are planted in a core of plain scalar loops (`scalar_core.py`) and in the text of a small Verilog
core that Icarus runs. An answer is exact if one of the causes it lists puts out, for a fresh input, what the
faulty core puts out; false if none of them does. Faults called `..._junk` begin with words from before the
stream, which nothing foretells: there an answer leaves the numbers open that are made of them. A random
corruption must be called unexplained.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from scalar_core import ScalarCore, all_faults
from small_core import TEXT, UNKNOWN, mutants, run_text

from tilewright.judge import Dump, Operands, expected_numbers, explain, read_operands
from tilewright.judge.cause import all_causes, predict
from tilewright.judge.open_causes import open_causes
from tilewright.judge.probes import posed, random_operands
from tilewright.spec import ArrayShape, ConvShape, IntegerLayer, NumberFormat
from tilewright.tile import TilePlan
from tilewright.vectors import Bundle, load_layout, write_bundle
from tilewright.verify import reference_outputs, reference_psums

GEOMETRIES = (
    (ConvShape(ic=8, ih=4, iw=4, oc=8, kh=3, kw=3, padding=(1, 1)), 8, 8),
    (ConvShape(ic=6, ih=4, iw=5, oc=5, kh=3, kw=3, padding=(1, 1)), 6, 5),
    (ConvShape(ic=7, ih=5, iw=4, oc=6, kh=3, kw=3, padding=(1, 1)), 4, 8),
    (ConvShape(ic=4, ih=6, iw=5, oc=9, kh=3, kw=2, padding=(1, 0)), 4, 6),
)
Run = Callable[[Operands, bool], np.ndarray]
"""A faulty core: operands, and whether outputs are dumped, to numbers ``oc oh ow``."""


@dataclass
class Case:
    """name: of the faults. bundle, run: the input and the core. is_output: what is dumped."""

    name: str
    bundle: Bundle
    run: Run
    is_output: bool


def make_bundle(folder: Path, shape: ConvShape, rows: int, cols: int, seed: int) -> Bundle:
    """Random weights, and codes as after ReLU."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 16, (shape.ic, shape.ih, shape.iw))
    codes[random.random(codes.shape) < 0.3] = 0
    layer = IntegerLayer(
        name="layer",
        shape=shape,
        weight=random.integers(-8, 8, (shape.oc, shape.ic, shape.kh, shape.kw)).astype(np.int8),
        weight_format=NumberFormat(4, is_signed=True),
        act_format=NumberFormat(4, is_signed=False),
        weight_scale=np.array([1.0]),
        act_scale=1.0,
    )
    psums = reference_psums(codes[None], layer)[0]
    layout = load_layout("ece284-ws")
    return write_bundle(
        folder,
        layer=layer,
        plan=TilePlan(shape, ArrayShape(rows, cols, psum_bits=16)),
        layout=layout,
        codes=codes.astype(np.uint8),
        psums=psums,
        outputs=reference_outputs(psums, layout.output),
        sample=0,
    )


def scalar_run(shape: ConvShape, rows: int, cols: int, faults: dict[str, Any]) -> Run:
    """The scalar core with these faults."""

    def run(operands: Operands, is_output: bool) -> np.ndarray:
        out = ScalarCore(shape, rows, cols, faults).run(
            operands.weight.tolist(), operands.codes.tolist(), is_output=is_output
        )
        return np.array(out, np.int64).reshape(shape.oc, shape.oh, shape.ow)

    return run


def scalar_cases(folder: Path, count: int, size: int, seed: int, only: str = "") -> Iterator[Case]:
    """`count` cases with `size` faults each, every fault in turn; only: those with that in the name."""
    random = np.random.default_rng(seed)
    order: list[str] = []
    made = 0
    while made < count:
        shape, rows, cols = GEOMETRIES[made % len(GEOMETRIES)]
        bundle = make_bundle(folder / f"{size}_{made}", shape, rows, cols, seed * 1000 + made)
        known = all_faults(shape, rows, cols, random)
        chosen: dict[str, Any] = {}
        while len(chosen) < size:
            if not order:
                order = [
                    str(name) for name in random.permutation(sorted(n for n in known if only in n))
                ]
            name = order.pop()
            if name in known:
                chosen[name] = known[name]
        is_output = "relu_missing" in chosen or (made % 3 == 2 and "relu_early" not in chosen)
        case = Case(str(chosen), bundle, scalar_run(shape, rows, cols, chosen), is_output)
        if is_visible(case, chosen, (shape, rows, cols)):
            made += 1
            yield case


def is_visible(case: Case, chosen: dict[str, Any], geometry: tuple[ConvShape, int, int]) -> bool:
    """Whether enough numbers differ to speak of a fault, for each of them beside the others."""
    operands = operands_of(case.bundle)
    whole = case.run(operands, case.is_output)
    for name in chosen:
        others = {key: value for key, value in chosen.items() if key != name}
        if (scalar_run(*geometry, others)(operands, case.is_output) != whole).sum() < 4:
            return False
    return True


def operands_of(bundle: Bundle) -> Operands:
    """Weights and codes of its files."""
    return read_operands(bundle)


@dataclass
class Answer:
    """exact, false: see above. is_explained: a cause was named. groups: causes that data leaves undecided."""

    case: Case
    exact: bool
    is_explained: bool
    groups: int
    seconds: float
    said: str


def ask(case: Case, numbers: np.ndarray | None = None) -> Answer:
    """Explain what the core of a case puts out, or these numbers."""
    operands = operands_of(case.bundle)
    values = case.run(operands, case.is_output) if numbers is None else numbers
    known = values != UNKNOWN
    dump = Dump("output" if case.is_output else "psum", np.where(known, values, 0), known)
    start = time.process_time()
    found = explain(case.bundle, dump)
    seconds = time.process_time() - start
    exact = (
        found.is_explained
        and found.problem is not None
        and numbers is None
        and is_right(case, found)
    )
    return Answer(case, exact, found.is_explained, len(found.groups), seconds, found.verdict)


def is_right(case: Case, found: Any) -> bool:
    """Whether a listed cause puts out what the core does, for a fresh input."""
    fresh = random_operands(case.bundle, 4711)
    real = case.run(fresh, case.is_output).reshape(1, case.bundle.shape.oc, -1)
    if found.products:
        weight = fresh.weight.reshape(*fresh.weight.shape[:2], -1)
        return (
            False
            if any(c.acts_as not in (0, 2 * c.weight, -c.weight) for c in found.products)
            else bool(_same(_with_products(case, fresh, found.products, weight), real))
        )
    trial = posed(found.problem, fresh)
    if found.free is not None:  # numbers that a cause leaves open are no claim
        named = [causes for group in found.groups for causes in group]
        opens = {one.cause.key: one for one in open_causes(trial, all_causes(trial))}
        answers = [
            replace(opens[first.key], others=tuple(others)).masked(trial)
            for first, *others in named
            if first.key in opens
        ]
        return any(_same(numbers, np.where(free, 0, real)) for numbers, free in answers)
    return any(_same(predict(trial, causes), real) for group in found.groups for causes in group)


def _same(numbers: np.ndarray, real: np.ndarray) -> bool:
    return bool(((numbers == real) | (real == UNKNOWN)).all())


def _with_products(case: Case, fresh: Operands, products: Any, weight: np.ndarray) -> np.ndarray:
    changed = weight.copy()
    for change in products:
        old = change.weight or 1
        changed[change.oc, change.ic, change.kij] *= change.acts_as // old
    operands = replace(fresh, weight=changed.reshape(fresh.weight.shape))
    return expected_numbers(case.bundle, "psum", operands).reshape(1, case.bundle.shape.oc, -1)


def rtl_cases(folder: Path, count: int, seed: int) -> Iterator[Case]:
    """`count` mutants of the Verilog core, run by Icarus; those that change too little are left out."""
    random, made, at = np.random.default_rng(seed), 0, 0
    while made < count:
        shape, rows, cols = GEOMETRIES[at % 3]
        bundle = make_bundle(folder / f"m_{at}", shape, rows, cols, seed * 1000 + at)
        known = mutants(min(rows, shape.ic), min(cols, shape.oc), shape.taps, random)
        name, old, new = known[at % len(known)]
        at += 1
        if old not in TEXT:
            raise ValueError(f"{name}: {old!r} is not in the core")
        text, place = TEXT.replace(old, new), folder / f"sim_{at}"
        case = Case(name, bundle, rtl_run(text, place, shape, rows, cols), is_output=False)
        operands = operands_of(bundle)
        if (case.run(operands, False) != expected_numbers(bundle, "psum", operands)).sum() >= 4:
            made += 1
            yield case


def rtl_run(text: str, folder: Path, shape: ConvShape, rows: int, cols: int) -> Run:
    """The mutant as a core."""
    return lambda o, _: run_text(text, folder, shape, rows, cols, o.weight, o.codes)


def wide_layer(folder: Path) -> None:
    """How long an answer takes for 64 channels."""
    shape = ConvShape(ic=64, ih=16, iw=16, oc=64, kh=3, kw=3, padding=(1, 1))
    bundle = make_bundle(folder / "wide", shape, 16, 16, 5)
    operands = operands_of(bundle)
    for name, weight, codes in (
        (
            "a tap lost",
            np.where(np.arange(9).reshape(3, 3) == 4, 0, operands.weight),
            operands.codes,
        ),
        (
            "unsigned and a tap lost",
            np.where(np.arange(9).reshape(3, 3) == 4, 0, operands.weight & 15),
            operands.codes,
        ),
        ("random", None, operands.codes),
    ):
        if weight is None:
            values = expected_numbers(bundle, "psum", operands)
            values = values + np.random.default_rng(0).integers(0, 9, values.shape)
        else:
            values = expected_numbers(bundle, "psum", Operands(weight, codes))
        case = Case(name, bundle, lambda o, _: o.weight, is_output=False)
        answer = ask(case, values)
        print(f"64 channels, 16x16 map, {name}: {answer.seconds:.1f} s: {answer.said}")


def corrupted(folder: Path, count: int, seed: int) -> Iterator[tuple[Case, np.ndarray]]:
    """Right numbers with random bits flipped, numbers replaced, or all of them shuffled."""
    random = np.random.default_rng(seed)
    for index in range(count):
        shape, rows, cols = GEOMETRIES[index % len(GEOMETRIES)]
        bundle = make_bundle(folder / f"r_{index}", shape, rows, cols, seed * 1000 + index)
        values = expected_numbers(bundle, "psum", operands_of(bundle)).copy()
        flat = values.reshape(-1)
        some = random.choice(len(flat), int(random.integers(1, 20)), replace=False)
        if index % 4 == 0:
            flat[some] ^= 1 << random.integers(0, 12, len(some))
        elif index % 4 == 1:
            flat[some] = random.integers(-2000, 2000, len(some))
        elif index % 4 == 2:
            flat[:] = random.permutation(flat)
        else:
            flat[some] += random.integers(1, 4, len(some))
        yield Case(f"random {index % 4}", bundle, lambda o, _: o.weight, is_output=False), values


def report(title: str, answers: list[Answer], *, is_verbose: bool) -> None:
    """Print how many answers are exact, false, or none."""
    exact = sum(answer.exact for answer in answers)
    false = [answer for answer in answers if answer.is_explained and not answer.exact]
    silent = [answer for answer in answers if not answer.is_explained]
    ties = sum(answer.groups > 1 for answer in answers)
    times = sorted(answer.seconds for answer in answers)
    print(
        f"{title}: {exact} of {len(answers)} exact ({100 * exact / len(answers):.1f} %), "
        f"{len(false)} false, {len(silent)} unexplained, {ties} with ties; "
        f"median {median(times):.2f} s, longest {times[-1]:.2f} s"
    )
    for answer in (*false, *silent) if is_verbose else false:
        print(f"  {'FALSE' if answer.is_explained else 'none '} {answer.case.name}: {answer.said}")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser()
    for name, count in (("singles", 150), ("pairs", 150), ("mutants", 60), ("random", 60)):
        parser.add_argument(f"--{name}", type=int, default=count)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", metavar="WORD", help="faults with that in the name")
    parser.add_argument("--wide", action="store_true", help="also time a layer of 64 channels")
    parser.add_argument("--verbose", action="store_true", help="print what is unexplained")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if given.singles:
            cases = scalar_cases(folder, given.singles, 1, given.seed, given.only)
            answers = [ask(case) for case in cases]
            report("single faults", answers, is_verbose=given.verbose)
        if given.pairs:
            cases = scalar_cases(folder, given.pairs, 2, given.seed + 1, given.only)
            answers = [ask(case) for case in cases]
            report("pairs of faults", answers, is_verbose=given.verbose)
        if given.mutants:
            answers = [ask(case) for case in rtl_cases(folder, given.mutants, given.seed + 3)]
            report("RTL mutants (Icarus)", answers, is_verbose=given.verbose)
        if given.wide:
            wide_layer(folder)
        if given.random:
            wrong = corrupted(folder, given.random, given.seed + 2)
            answers = [ask(case, values) for case, values in wrong]
            named = [answer for answer in answers if answer.is_explained]
            print(
                f"random corruption: {len(answers) - len(named)} of {len(answers)} called unexplained"
            )
            for answer in named:
                print(f"  FALSE {answer.case.name}: {answer.said}")


if __name__ == "__main__":
    main()
