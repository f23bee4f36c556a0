"""What is wrong with the RTL, as one finding: its psums in the waves, held against the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tilewright.errors import TilewrightError
from tilewright.facts import FailureFacts, HeatFacts
from tilewright.judge.compare import Comparison, compare
from tilewright.judge.dump import Dump
from tilewright.judge.explanation import Explanation, explain
from tilewright.judge.heat import HeatMap, heat_maps
from tilewright.judge.operands import Operands
from tilewright.spec import ArrayShape, Codes, IntArray, IntegerLayer
from tilewright.vectors import Bundle, Scales, load_layout, read_bundle
from tilewright.waves import Sample, Sampling, read_samples

WAVES = "failure.vcd"
"""In the folder of cosim: of the first output tile that differs, in the first bundle that does."""

SAMPLING = Sampling(
    ("u_core.out_addr_o", "u_core.out_psum_o"), "u_core.clk_i", ("u_core.out_valid_o",)
)
MOST_PRODUCTS = 20_000_000
"""Of layers with more, the cause is not searched: that is what `tilewright explain` is for."""


def find_failure(root: Path, folder: str, first: str, otile: int, waves: Path) -> FailureFacts:
    """The finding about the bundle in `folder` of the run `root`, from waves of output tile `otile`.

    first: the first difference as the testbench told it, which stands alone where no waves can be read.
    """
    bundle = read_bundle(root / folder)
    plain = FailureFacts(
        layer=bundle.layer_name, sample=bundle.sample, folder=folder, otile=otile, place=first
    )
    try:
        dump = wave_psums(bundle, waves, otile)
        return _explained(bundle, dump, plain, waves.relative_to(root).as_posix())
    except TilewrightError:
        return plain


def wave_psums(bundle: Bundle, waves: Path, otile: int) -> Dump:
    """Psums of one output tile as the core put them out; every other number is unknown.

    Raises `ArtifactError`, `ConfigError` or `FormatError` if the file is absent or lacks our ports.
    """
    shape, array = bundle.shape, bundle.array
    values = np.zeros((shape.oc, shape.onij), np.int64)
    known = np.zeros(values.shape, bool)
    for sample in read_samples(waves, SAMPLING):
        word = len(sample.bits) - array.cols * array.psum_bits
        address = _number(sample.bits[:word])
        if address is None:
            continue
        for col in range(min(array.cols, shape.oc - otile * array.cols)):
            place = otile * array.cols + col, address % shape.onij
            number = _lane(sample, col, array.psum_bits)
            known[place], values[place] = number is not None, number or 0
    planes = (shape.oc, shape.oh, shape.ow)
    return Dump("psum", values.reshape(planes), known.reshape(planes))


def _lane(sample: Sample, col: int, bits: int) -> int | None:
    end = len(sample.bits) - col * bits
    number = _number(sample.bits[end - bits : end])
    return number if number is None or number < 1 << (bits - 1) else number - (1 << bits)


def _number(bits: str) -> int | None:
    return int(bits, 2) if bits.strip("01") == "" else None


def layer_cause(layer: IntegerLayer, array: ArrayShape, codes: Codes, psums: IntArray) -> str:
    """What a single sample's psums ``oc oh ow`` of the training forward were made with, as a message ends.

    codes: ``ic ih iw``. Empty for a layer that is no plain convolution, or too large to search.
    """
    if layer.shape.groups > 1 or layer.shape.macs > MOST_PRODUCTS:
        return ""
    try:
        bundle = Bundle(
            folder=Path(),
            layer_name=layer.name,
            sample=0,
            shape=layer.shape,
            array=array,
            act_format=layer.act_format,
            weight_format=layer.weight_format,
            scales=Scales(1.0, (1.0,)),
            layout=load_layout("ece284-ws"),
            files=(),
        )
        operands = Operands(layer.weight.astype(np.int64), codes.astype(np.int64))
        numbers = np.asarray(psums, np.int64)
        dump = Dump("psum", numbers, np.ones(numbers.shape, bool))
        cause, hints = _cause(explain(bundle, dump, operands=operands))
    except TilewrightError:
        return ""
    if cause is None:
        return "no cause that is known gives every psum"
    return cause + (f" ({'; '.join(hints)})" if hints else "")


def _explained(bundle: Bundle, dump: Dump, plain: FailureFacts, waves: str) -> FailureFacts:
    is_small = bundle.shape.macs <= MOST_PRODUCTS
    found = explain(bundle, dump) if is_small else None
    comparison = found.comparisons[0] if found else compare(bundle, dump)
    cause, hints = _cause(found)
    return FailureFacts(
        layer=plain.layer,
        sample=plain.sample,
        folder=plain.folder,
        otile=plain.otile,
        place=str(comparison.first[0]) if comparison.first else plain.place,
        differ=comparison.differ,
        compared=comparison.compared,
        waves=waves,
        cause=cause,
        hints=hints,
        maps=tuple(_maps(bundle, comparison)),
    )


def _cause(found: Explanation | None) -> tuple[str | None, tuple[str, ...]]:
    """What reproduces every number, and where to look; nothing where that was not found."""
    if found is None or not found.is_explained:
        return None, ()
    causes = [cause for group in found.groups[:1] for cause in group[0]]
    return found.verdict, tuple(cause.hint for cause in causes if cause.hint)


def _maps(bundle: Bundle, comparison: Comparison) -> list[HeatFacts]:
    return [_heat(one) for one in heat_maps(bundle, comparison) if one.known.size <= 1024]


def _heat(one: HeatMap) -> HeatFacts:
    rows = zip(one.known.tolist(), one.differ.tolist(), strict=True)
    parts = tuple(tuple(zip(known, differ, strict=True)) for known, differ in rows)
    return HeatFacts(title=one.title, down=one.down, across=one.across, cells=parts)
