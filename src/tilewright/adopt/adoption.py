"""A folder of vector files understood from its numbers: layouts, geometries, and what stays open."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.adopt.altered import codes_that_fit, without_warm_up
from tilewright.adopt.bench import BenchFiles, read_bench
from tilewright.adopt.canonical import Reading, can_turn_pixels, canonical, plainest
from tilewright.adopt.clock import Clock
from tilewright.adopt.families import Family
from tilewright.adopt.fit import Fit
from tilewright.adopt.grouping import read_families
from tilewright.adopt.notes import notes_of, unsigned
from tilewright.adopt.others import main_expected, other_expected
from tilewright.adopt.planes import plane_of
from tilewright.adopt.probe import write_probe
from tilewright.adopt.reasons import reason_of
from tilewright.adopt.roles import LIKELY, STAGES, find_layer
from tilewright.adopt.sequels import not_joined, without
from tilewright.adopt.slices import plain_slices, slices_of
from tilewright.adopt.statement import geometry_text, layout_of
from tilewright.adopt.ties import Tie, ties_of
from tilewright.adopt.windows import Plane
from tilewright.bundles import BundleVerdict, Geometry, check_folder, check_foreign
from tilewright.errors import ConfigError, DataError, counted
from tilewright.vectors import Layout
from tilewright.vectors.encoding import without_mark

SECONDS = 9.0
EARLY, HALF = 0.2, 0.7
"""Share of the time left that an attempt may take, so that another one has its turn."""
MORE = 0.2
"""Share of the time, once more, for files that fit nothing as they stand."""
MOST_SIZES = 40
"""Sizes that are tried for a part of a folder, the most usual ones."""
CLOSE = 0.2
MOST_RIVALS = 24
"""Share of wrong numbers up to which the nearest layout is one with a fault in its files."""


@dataclass(frozen=True, slots=True, eq=False)
class AdoptedLayer:
    """One layer found in a folder.

    is_exact: whether every number with which it was found is right. ties: other layouts that fit the
    files as well. notes: what was taken for granted.
    """

    layout: Layout
    geometry: str
    verdict: BundleVerdict
    is_exact: bool
    files: tuple[str, ...]
    ties: tuple[Tie, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The layer as JSON facts."""
        return {
            "geometry": self.geometry,
            "layout": self.layout.to_facts(),
            "exact": self.is_exact,
            "verdict": self.verdict.to_json(),
            "ties": [tie.to_json() for tie in self.ties],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Adoption:
    """What was found in a folder. others: files that no layer has. notes: about the folder.

    nearest: where no layer was found, how near the best reading came. tried: what was looked at.
    misfits: parts of files, beside others that are layers or samples, that fit nothing.
    """

    folder: Path
    layers: tuple[AdoptedLayer, ...]
    others: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float
    nearest: str = ""
    tried: str = ""
    misfits: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether a layer was found and every number of every layer is right."""
        is_right = all(layer.verdict.passed for layer in self.layers)
        return bool(self.layers) and is_right and not self.misfits

    def to_json(self) -> dict[str, Any]:
        """The adoption as JSON facts."""
        return {
            "folder": str(self.folder),
            "passed": self.passed,
            "layers": [layer.to_json() for layer in self.layers],
            "others": list(self.others),
            "notes": list(self.notes),
            "nearest": self.nearest,
            "tried": self.tried,
            "misfits": list(self.misfits),
            "seconds": round(self.seconds, 2),
        }


def adopt(folder: Path, *, testbench: Path | None = None, seconds: float = SECONDS) -> Adoption:
    """Find the layers in `folder`, whose files nobody described.

    Layouts and sizes remain under which the convolution of activations and weights is what the other
    files say, exactly; where none does, the nearest one is given, with a verdict that names the first
    wrong number. testbench: files that it does not read are left out. Raises `DataError` where there
    are not three families of files with words.
    """
    start = time.monotonic()
    check_folder(folder)
    families, others = read_families(folder)
    if len(families) < 3:
        parted, rest = read_families(folder, has_parts=True)
        families, others = (parted, rest) if len(parted) > len(families) else (families, others)
    bench = read_bench(folder, testbench) if testbench is not None else BenchFiles()
    left, unread = bench.choose(families)
    _check_kinds(folder, left, others)
    numbered, said = left, list[str]()
    clock, near, misfits = Clock.of(seconds), list[Fit](), list[str]()
    layers, left = _in_slices(folder, plain_slices(left), left, clock.part(EARLY), misfits)
    for stage in STAGES:
        while len(left) >= 3 and not clock.is_over:
            fits = find_layer(left, clock.part(HALF), stages=(stage,))
            near += [fit for fit in fits[:1] if not fit.is_exact]
            layer, used = _adopted(folder, fits, _as_found(left, fits), len(layers))
            if layer is None:
                break
            layers.append(layer)
            left = without(left, used)
        if stage == LIKELY and len(left) >= 3:
            parts, part = slices_of(left), clock.part(HALF)
            more, left = _in_slices(folder, parts, left, part, misfits, number=len(layers))
            layers += more
    if not layers and not misfits:
        layers, left, said = _otherwise(folder, numbered, left, seconds)
    names = [*(_told(folder, family) for family in left), *(family.title for family in unread)]
    return Adoption(
        folder,
        tuple(layers),
        (*names, *others),
        (
            *bench.notes,
            *not_joined(numbered, left),
            *(said or (() if layers else unsigned(numbered))),
        ),
        time.monotonic() - start,
        _nearest(near),
        _tried(clock, len(families), seconds),
        tuple(misfits),
    )


def _check_kinds(folder: Path, families: Sequence[Family], others: Sequence[str]) -> None:
    """Raise `DataError` for fewer than three kinds of numbers."""
    if len(families) < 3:
        raise DataError(
            f"{folder} must hold files of activations, weights and expected numbers, but has "
            f"{counted(len(families), 'kind')} of numbers: "
            f"{', '.join(f.title for f in families) or 'none'}{_why(others)}"
        )


def _otherwise(
    folder: Path, families: Sequence[Family], left: list[Family], seconds: float
) -> tuple[list[AdoptedLayer], list[Family], list[str]]:
    """The layer of files without first lines that repeat one another, what it leaves, and what is said of it;
    or in which other code they fit.
    """
    for changed, said in without_warm_up(families):
        fits = find_layer(changed, Clock.of(seconds * MORE), stages=(LIKELY,), most=MOST_SIZES)
        layer, used = _adopted(folder, fits, _as_found(changed, fits), 0)
        if layer is not None:
            return [layer], without(list(families), used), [said]
    return [], left, list(codes_that_fit(families, Clock.of(seconds * MORE)))


def _told(folder: Path, family: Family) -> str:
    """A family that no layer has, with the reason where its first file shows one."""
    first = family.files[0]
    content = b"" if first.container else without_mark((folder / first.name).read_bytes())
    return reason_of(family.title, content) or family.title


def _why(others: Sequence[str]) -> str:
    """Why the first of the other files has no numbers, where there is more to say than its name."""
    told = [other for other in others if ": " in other or " must " in other]
    return f"; {told[0]}" if told else ""


def _tried(clock: Clock, families: int, seconds: float) -> str:
    """What a search has looked at, in words, and whether it came to its end."""
    tally = clock.tally
    end = (
        f"the {seconds:g} s of computing ran out before the last of them (--seconds looks longer)"
        if tally.is_cut or clock.is_over
        else "no other one was left"
    )
    return (
        f"{tally.sizes:,} sizes, each in every order of its axes, with {len(tally.roles):,} ways to give "
        f"{families} kinds of files their roles; {end}"
    )


def _nearest(fits: Sequence[Fit]) -> str:
    """The best of readings that are no layer, in words; empty without any."""
    if not fits:
        return ""
    best = min(fits, key=lambda fit: fit.wrong / max(fit.telling, 1))
    sizes, files = best.sized.sizes, [family.title for family in best.families]
    (kh, kw), right = sizes.kernel, max(best.telling - best.wrong, 0)
    return (
        f"activations in {files[0]}, weights in {files[1]}, expected numbers in {files[2]}, {sizes.ic} -> "
        f"{sizes.oc} channels, kernel {kh}x{kw}: {right:,} of {best.telling:,} numbers other than 0 are right"
    )


def _in_slices(
    folder: Path,
    ways: Iterator[list[list[Family]]],
    families: list[Family],
    clock: Clock,
    misfits: list[str],
    *,
    number: int = 0,
) -> tuple[list[AdoptedLayer], list[Family]]:
    """The layers or samples that families hold side by side, and the families that none of them has.

    misfits: parts that are no layer beside others that are one are added.
    """
    for slices in ways:
        layers: list[AdoptedLayer] = []
        names: set[str] = set()
        for part in slices:
            if clock.is_over or (part is not slices[0] and not layers):
                break
            fits = find_layer(part, clock, stages=(LIKELY,), most=MOST_SIZES)
            layer, used = _adopted(folder, fits, _as_found(part, fits), number + len(layers))
            if layer is not None:
                layers.append(layer)
                names |= {file.name for family in used for file in family.files}
        if layers:
            if len(layers) < len(slices):
                misfits.append(
                    f"{len(slices) - len(layers)} of {len(slices)} parts of the files (numbers in names, "
                    f"or runs of lines) fit no layout, beside those that do"
                )
            return layers, [f for f in families if f.files[0].name not in names]
    return [], families


def _as_found(families: Sequence[Family], found: Sequence[Fit]) -> list[Family]:
    """The families, as the fits read them."""
    read = {one.name: one for fit in found[:1] for one in fit.families}
    return [read.get(family.name, family) for family in families]


def _adopted(
    folder: Path, fits: Sequence[Fit], families: Sequence[Family], number: int
) -> tuple[AdoptedLayer | None, list[Family]]:
    """The layer of the best of equal fits, and the families that it has."""
    name = f"{folder.resolve().name}{f'-{number + 1}' if number else ''}"
    stated = [s for fit in fits[:MOST_RIVALS] if (s := _stated(_reading(fit, families), name))]
    is_exact = any(fit.is_exact for fit in fits)
    if not stated or (not is_exact and fits[0].wrong > CLOSE * fits[0].telling):
        return None, []
    best = plainest([reading for reading, *_ in stated])
    _, plane, layout, geometry = next(one for one in stated if one[0] is best)
    rivals = [(other, sizes) for reading, _, other, sizes in stated if reading is not best]
    used = [*best.fit.families[:2], *(expected.family for expected in best.expected)]
    used += [constant.family for constant in best.constants.values()]
    verdict = check_foreign(folder, layout, Geometry.parse(geometry))
    if not is_exact and verdict.mismatches > CLOSE * verdict.compared:
        return None, []
    layer = AdoptedLayer(
        layout,
        geometry,
        verdict,
        is_exact,
        tuple(family.title for family in used),
        ties_of((layout, geometry), rivals) if is_exact else (),
        (*plane.notes, *notes_of(best)),
    )
    return layer, used


def _stated(reading: Reading, name: str) -> tuple[Reading, Plane, Layout, str] | None:
    """A reading in the words of a layout; None for one that has no words there."""
    plane = plane_of(reading.fit)
    if plane is None:
        return None
    if "reversed" in plane.tap_order and can_turn_pixels(reading):
        turned = reading.pixels_turned()
        other = plane_of(turned.fit)
        if other is not None and "reversed" not in other.tap_order:
            reading, plane = turned, other
    try:
        return reading, plane, layout_of(reading, plane, name), geometry_text(reading, plane)
    except ConfigError:
        return None


def _reading(fit: Fit, families: Sequence[Family]) -> Reading:
    taken = [*fit.families, *(one.family for one in (fit.rule.files if fit.rule else {}).values())]
    rest = without(families, taken)
    return canonical(Reading(fit, (main_expected(fit), *other_expected(rest, fit))))


def probe(layer: AdoptedLayer, folder: Path) -> None:
    """Write a bundle of random numbers in the layer's layout, which no other layout fits."""
    write_probe(layer.layout, Geometry.parse(layer.geometry), folder)
