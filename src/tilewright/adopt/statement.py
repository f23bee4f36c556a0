"""A reading as a layout and a geometry, in the words of tilewright."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tilewright.adopt.canonical import Reading, used_channels
from tilewright.adopt.families import Family
from tilewright.adopt.naming import PIECE, Channels, Stated, name_channels
from tilewright.adopt.others import ExpectedFit
from tilewright.adopt.placement import Placement
from tilewright.adopt.windows import Plane
from tilewright.errors import ConfigError
from tilewright.spec import ChannelOutput
from tilewright.spec.array_shape import MAX_PSUM_BITS
from tilewright.spec.number_format import signed_bits_needed
from tilewright.vectors import Layout
from tilewright.vectors.templates import axes_in

Axes = tuple[Stated, list[str], str]
"""Named axes, splits, and the order of the taps."""
USUAL_BITS = (8, 12, 16, 20, 24, 32, 48)


@dataclass(frozen=True, slots=True)
class Names:
    """Names of the channels' parts, and the bits that a geometry states."""

    ic: Channels
    oc: Channels
    psum_bits: int


def names_of(reading: Reading) -> Names:
    """Names for the parts of a reading's channels."""
    sized = reading.sized
    bits = [e.sized.sizes.psum_bits for e in reading.expected if e.sized.sizes.kind == "psum"]
    wide = max(bits or [sized.sizes.psum_bits])
    if any(e.family.radix == "decimal" for e in reading.expected):
        largest = (
            sized.sizes.ic * sized.sizes.taps << sized.sizes.act_bits + sized.sizes.weight_bits - 1
        )
        needed = signed_bits_needed(-largest, largest)
        wide = max(wide, next((b for b in USUAL_BITS if b >= needed), MAX_PSUM_BITS))
    return Names(
        name_channels(sized.ic_parts, "itile", "row"),
        name_channels(sized.oc_parts, "otile", "col"),
        min(wide, MAX_PSUM_BITS),
    )


def geometry_text(reading: Reading, plane: Plane) -> str:
    """The geometry as commands take it."""
    sizes, names = reading.sized.sizes, names_of(reading)
    ic, oc = used_channels(reading.fit)
    sign = "s" * reading.fit.families[0].has_signed_codes
    bits = f"{sign}{sizes.act_bits}/{sizes.weight_bits}/{names.psum_bits}"
    pairs = {
        "size": plane.size,
        "kernel": sizes.kernel,
        "stride": plane.stride,
        "padding": plane.padding,
    }
    shown = [f"{key}={a}" if a == b else f"{key}={a}x{b}" for key, (a, b) in pairs.items()]
    ic = max(ic, _least(names.ic, sizes.ic))
    oc = max(oc, _least(names.oc, sizes.oc))
    lanes = f"rows={names.ic.lanes},cols={names.oc.lanes}"
    return f"ic={ic},oc={oc},{','.join(shown)},bits={bits},{lanes}"


def _least(channels: Channels, count: int) -> int:
    """Fewest channels that make as many tiles: the last one may be filled up."""
    lanes = channels.lanes * channels.sizes.get("pair", channels.sizes.get("half", 1))
    return count - min(lanes, count) + 1


def layout_of(reading: Reading, plane: Plane, name: str) -> Layout:
    """The layout of the files that a reading understands."""
    names = names_of(reading)
    fit = reading.fit
    facts: dict[str, Any] = {
        "name": name,
        "description": "adopted from files without a description",
    }
    sizes = reading.sized.sizes
    facts["activation"] = _activation(reading, plane, names)
    facts["weight"] = _table(
        fit.families[1],
        fit.weight,
        _weight_axes(reading, names, plane),
        sizes.weight_bits,
        "weight",
    )
    for name, constant in reading.constants.items():
        axes = _channel_names(reading.sized.oc, names.oc)
        units = (names.oc.unit,) if names.oc.unit else ()
        levels = constant.levels
        sizes_of = names.oc.sizes | ({"level": levels} if levels else {})
        axes |= {"level": ("level",)} if levels else {}
        stated = Stated(axes, sizes_of, units), list(names.oc.split), ""
        facts[name] = _table(constant.family, constant.place, stated, constant.bits, "")
        facts[name] |= {"levels": levels} if levels else {}
    for expected in reading.expected:
        kind = _free_kind(_kind_of(expected), facts)
        facts[kind] = _expected(expected, names)
    return Layout.from_facts(facts)


def _kind_of(expected: ExpectedFit) -> str:
    if expected.sized.sizes.kind in ("tap_psum", "streamed"):
        return "tap_psum"
    is_psum = expected.function.function == "signed" and expected.rule is None
    return "psum" if is_psum else "output"


def _free_kind(kind: str, facts: dict[str, Any]) -> str:
    names = [kind, *(f"{kind}_{n}" for n in range(2, 10))]
    return next(name for name in names if name not in facts)


def _activation(reading: Reading, plane: Plane, names: Names) -> dict[str, Any]:
    fit, sizes = reading.fit, reading.sized.sizes
    named = _channel_names(reading.sized.ic, names.ic)
    split = list(names.ic.split)
    axes = dict(names.ic.sizes)
    units = [names.ic.unit] if names.ic.unit else []
    if plane.form == "windows":
        named["kij"], tap_split, tap_sizes = _taps(sizes.kernel, plane.tap_order)
        named["p0"] = ("onij",)
        axes |= tap_sizes
        split += tap_split
        if "p1" in fit.activation_axes:
            lanes = fit.activation_axes["p1"]
            named["p0"], named["p1"] = ("opass",), ("lane",)
            split.append(f"onij = opass lane:{lanes}")
            axes |= {"opass": fit.activation_axes["p0"], "lane": lanes}
        elif fit.activation_axes["p0"] > sizes.onij:
            named["p0"] = ("pixel",)
            split.append(f"onij = pixel:{fit.activation_axes['p0']}")
    else:
        named["nij"] = ("nij",)
        for axis in ("th", "tw") if sizes.tile else ():
            named[axis] = (axis,)
            axes[axis] = fit.activation_axes[axis]
    for axis, called in named.items():
        if len(called) == 1 and axis in fit.activation_axes:
            axes.setdefault(called[0], fit.activation_axes[axis])
    place = _with_tap_signs(fit.activation, plane.tap_order)
    stated = Stated(named, axes, tuple(units)), split, ""
    tile = {"tile": "{}x{}".format(*sizes.tile)} if sizes.tile else {}
    table = _table(fit.families[0], place, stated, sizes.act_bits, "act")
    return table | {"plane": plane.form} | tile


def _weight_axes(reading: Reading, names: Names, plane: Plane) -> Axes:
    """Axes of the weights, splits, and the order of the taps."""
    order = _composed(reading.fit.tap_order, plane.tap_order)
    sizes = reading.sized.sizes
    is_grid = reading.fit.families[1].is_grid
    taps, split, tap_sizes = _taps(sizes.kernel, order, is_grid=is_grid)
    named = _channel_names(reading.sized.ic, names.ic) | _channel_names(reading.sized.oc, names.oc)
    named["kij"] = taps
    units = [unit for unit in (names.oc.unit, names.ic.unit) if unit]
    axes = names.ic.sizes | names.oc.sizes | tap_sizes
    splits = [*names.ic.split, *names.oc.split, *split]
    stated = Stated(named, axes, tuple(units))
    return stated, [*splits, *_pieces(reading.fit.families[1], reading.fit.weight, stated)], order


def _expected(expected: ExpectedFit, names: Names) -> dict[str, Any]:
    sized = expected.sized
    sizes = sized.sizes
    oc = names.oc
    if named_parts(oc) != len(sized.oc_parts):
        oc = name_channels(sized.oc_parts, "otile", "col")
    named = _channel_names(sized.oc, oc)
    taps, split, tap_sizes = _taps(sizes.kernel, expected.tap_order)
    has_taps = sizes.kind != "psum"
    if has_taps:
        named["kij"] = taps
    named["onij"] = ("nij",) if sizes.kind == "streamed" else ("onij",)
    units = [oc.unit] if oc.unit else []
    axes = oc.sizes | (tap_sizes if has_taps else {})
    axes |= {named["onij"][0]: sized.expected_axes["onij"]}
    stated = Stated(named, axes, tuple(units))
    pieces = _pieces(expected.family, expected.place, stated)
    splits = [*oc.split, *(split if has_taps else []), *pieces]
    is_psum = sizes.psum_bits == names.psum_bits or expected.family.radix == "decimal"
    table = _table(
        expected.family,
        expected.place,
        (stated, splits, expected.tap_order),
        sizes.psum_bits,
        "psum" if is_psum else "",
    )
    if sizes.first:
        table["first"] = sizes.first
    if expected.function.function != "signed":
        table["function"] = expected.function.function
    if expected.function.function == "leaky":
        table["shift"] = expected.function.shift
    return table | (_rule(expected.rule.output, sizes.psum_bits) if expected.rule else {})


def _pieces(family: Family, place: Placement, stated: Stated) -> list[str]:
    """The split of the outermost axis over files that go on one after the other; it is renamed in `stated`.

    Raises `ConfigError` where the files do not part this axis.
    """
    if not family.pieces:
        return []
    axis, size = place.axes[0], place.sizes[0]
    step, rest = divmod(family.lines * size, family.words)
    if rest or axis in place.flipped or -(-size // step) != family.pieces:
        raise ConfigError("files that go on where the last one ends must part the outermost axis")
    source = " ".join(stated.names[axis])
    own = "pixel" if axis == "onij" else "step"
    stated.names[axis] = (own,)
    return [f"{source} = {PIECE}:{family.pieces} {own}:{step}"]


def _rule(output: ChannelOutput, bits: int) -> dict[str, Any]:
    """The keys of outputs with biases, and of codes."""
    facts: dict[str, Any] = {"function": output.function}
    if output.is_biased:
        facts["biased"] = True
    if output.function == "thresholds":
        facts |= {"bits": bits} | ({"low": output.low} if output.low else {})
    if output.function == "requantized":
        facts |= {"shift": output.shift, "high": output.high, "bits": bits}
        facts |= {"low": output.low} if output.low else {}
        facts |= {"multiplier": 0} if not output.multiplier else {}
        facts |= {"rounding": "half_up"} if output.is_rounded else {}
    return facts


def named_parts(channels: Channels) -> int:
    """How many parts the channels have names for."""
    return len(channels.names)


def _channel_names(axes: Iterable[str], channels: Channels) -> dict[str, tuple[str, ...]]:
    return dict(zip(axes, channels.names, strict=True))


def _taps(
    kernel: tuple[int, int], order: str, *, is_grid: bool = False
) -> tuple[tuple[str, ...], list[str], dict[str, int]]:
    """What taps are called, the split that makes it, and sizes. is_grid: rows and columns have names."""
    kh, kw = kernel
    if "transposed" in order or is_grid:
        called = ("kw", "kh") if "transposed" in order else ("kh", "kw")
        return called, ["kij = kh kw"], {"kw": kw, "kh": kh}
    return ("kij",), [], {"kij": kh * kw}


def _composed(first: str, second: str) -> str:
    """Two orders of taps, one after the other: each of them undoes itself."""
    words = set(first.split()) ^ set(second.split())
    return " ".join(sorted(words, reverse=True))


def _with_tap_signs(place: Placement, order: str) -> Placement:
    if "reversed" not in order or "kij" not in place.axes:
        return place
    return Placement(place.axes, place.sizes, place.blocks, place.flipped ^ {"kij"})


def _table(
    family: Family,
    place: Placement,
    axes: Axes,
    bits: int,
    field: str,
) -> dict[str, Any]:
    """The table of one kind: names and runs, digits, and what stands around the words."""
    stated, split, order = axes
    facts: dict[str, Any] = stated.table(family, _with_tap_signs(place, order))
    facts["bits"] = family.wide or field or bits
    split = [*split, *_named_in_files(facts["file"], split)]
    if split:
        facts["split"] = split
    if len({len(file.words) for file in family.files}) > 1:
        facts["short"] = True
    first = family.files[0]
    if family.container:
        own = {"container": family.container, "part": first.part, "array": first.array}
        own |= {"filler_left": family.filler}
        return facts | {key: value for key, value in own.items() if value}
    if family.written != "binary":
        facts["radix"] = family.written
    own = {"separator": family.separator, "part": first.part, "filler_left": family.filler}
    facts |= {key: value for key, value in own.items() if value}
    if family.is_lsb:
        facts["bit_order"] = "lsb"
    if first.line_end == "CRLF":
        facts["line_end"] = "CRLF"
    for key in ("header", "trailer"):
        texts = [getattr(file, key) for file in family.files]
        text = len(texts[0]) if first.is_part else _text(texts)
        if text:
            facts[key] = text
    return facts


def _named_in_files(file: str, split: Sequence[str]) -> list[str]:
    """Splits that change nothing, but let axes stand in file names that are no tiles or taps."""
    made = {part.partition(":")[0] for text in split for part in text.partition("=")[2].split()}
    ways = {"row": "itile row = itile row", "col": "otile col = otile col"}
    ways |= {axis: f"{axis} = {axis}" for axis in ("nij", "onij")}
    named = [axis for axis in axes_in(file) if axis in ways and axis not in made]
    return [ways[axis] for axis in named]


def _text(texts: Sequence[tuple[str, ...]]) -> list[str] | int:
    """Lines that all files share, as they stand; others by their number."""
    lines = texts[0]
    is_plain = all(line.isascii() and line.isprintable() for line in lines)
    if is_plain and all(text == lines for text in texts):
        return [line.replace("{", "{{").replace("}", "}}") for line in lines]
    return len(lines)
