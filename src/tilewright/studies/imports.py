"""Import networks of other tools into a run folder, for verify, export, simulate and cosim."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tilewright.config import load_config
from tilewright.errors import ConfigError
from tilewright.facts import RecoverFacts, StageResult
from tilewright.pipeline.layer_facts import layer_facts
from tilewright.pipeline.run_folder import RunFolder
from tilewright.spec import (
    CodeMove,
    Codes,
    IntArray,
    IntegerNetwork,
    Ints,
    Node,
    Stimulus,
    port_name,
)
from tilewright.spec.code_nodes import ZERO
from tilewright.studies.import_result import Foreign, ImportResult, Mask
from tilewright.verify import (
    Comparison,
    compare,
    reference_next_codes,
    reference_sums,
    reference_trace,
)
from tilewright.verify.reference import max_pool

if TYPE_CHECKING:
    from torch import Tensor

    from tilewright.interchange.source import Imported

CIFAR10_MEAN = (0.491, 0.482, 0.447)
CIFAR10_DEVIATION = (0.247, 0.243, 0.262)
"""What the course's training subtracts from pixels in 0..1, and divides by, for R, G and B."""


@dataclass(frozen=True, slots=True)
class CourseOptions:
    """What a course checkpoint does not state. layers: texts ``NAME=WEIGHT/ACT``; pools: indices in
    ``features``, or None to infer them. data, data_dir: where the images come from.
    """

    weight_bits: int
    act_bits: int
    layers: tuple[str, ...] = ()
    pools: tuple[int, ...] | None = None
    data: str = "digits"
    data_dir: Path | None = None


def import_network(
    path: Path,
    out: Path,
    *,
    samples: int,
    course: CourseOptions | None,
    kernels: str | None = None,
) -> ImportResult:
    """Read a file of integers, or with `course` a course checkpoint, into the run folder `out`.

    The end of the file's name says which of `NETWORK_READERS` reads it; kernels: whose rounding a TFLite file
    is read with, if not the usual ones.

    Writes the configuration's defaults, the network and the stimulus, as the recover stage does. The
    source's codes and sums on `samples` inputs are compared with the naive reference. Nothing is written
    if the network cannot be represented. Raises the errors of the readers, and `ConfigError` if `out`
    holds something else.
    """
    since = time.monotonic()
    foreign = (
        read_foreign(path, samples, kernels=kernels)
        if course is None
        else _read_course(path, samples, course)
    )
    comparisons = compare_foreign(foreign)
    run = RunFolder(out)
    config = load_config(None, (f"recover.samples={samples}",))
    run.start(config)
    inputs = run.fingerprint("recover")
    run.begin("recover")
    foreign.network.save(run.network_stem)
    _resolved(foreign).save(run.stimulus_stem)
    result = ImportResult(out, foreign, comparisons)
    found = result.facts()
    del found["layers"], found["samples"]
    facts = RecoverFacts(
        imported=path.name,
        samples=samples,
        layers=tuple(layer_facts(layer) for layer in foreign.network.layers),
        **found,
    )
    run.record(StageResult(facts, result.checks), since=since, inputs=inputs)
    return result


def compare_foreign(foreign: Foreign) -> tuple[Comparison, ...]:
    """The source's codes and sums of every node with the reference's."""
    return tuple(one for node in foreign.network.nodes for one in _compare(node, foreign))


def _compare(node: Node, foreign: Foreign) -> Iterator[Comparison]:
    """The source's sums of a node, and the codes that follow, with the reference's; from the same codes."""
    source = foreign.stimulus
    ports = [port_name(node.name, operand) for operand in range(node.operands)]
    for port in ports:
        node.act_format.check(source.codes[port], what=f"{port}: input code", axes="n ic ih iw")
    expected = reference_sums(node, *(source.codes[port] for port in ports))
    what, is_open = "psums of the training forward", foreign.open_sums.get(node.name)
    if node.name not in foreign.without_sums:
        psums = source.psums[node.name]
        yield _compare_resolved(expected, psums, is_open, (what, node.name))
    for link in (one for one in node.requantizations if one.port not in foreign.without_codes):
        codes, what = reference_next_codes(expected, link), f"input codes of {link.port}"
        yield _compare_resolved(
            codes, source.codes[link.port], foreign.open_codes.get(link.port), (what, node.name)
        )


def _compare_resolved(
    expected: Ints,
    actual: IntArray,
    is_open: npt.NDArray[np.bool_] | None,
    words: tuple[str, str],
) -> Comparison:
    """Compare what the source resolves; `words`: what it is, and of which node."""
    what, layer = words
    if is_open is None or not is_open.any():
        return compare(expected, actual, what=what, layer=layer)
    found = compare(expected, np.where(is_open, expected, actual), what=what, layer=layer)
    count = int(is_open.sum())
    return replace(found, compared=found.compared - count, unresolved=count)


def _resolved(foreign: Foreign) -> Stimulus:
    """The source's stimulus; where it does not resolve all, the reference's from the same input codes."""
    masks = (*foreign.open_sums.values(), *foreign.open_codes.values())
    if not any(mask.any() for mask in masks):
        return foreign.stimulus
    network, source = foreign.network, foreign.stimulus
    trace = reference_trace(network, source.codes[network.inputs[0]])
    codes: dict[str, Codes] = {}
    for node in network.nodes:
        for port in (port_name(node.name, operand) for operand in range(node.operands)):
            codes[port] = trace.codes[port].astype(node.act_format.dtype)
    return Stimulus(source.samples, codes, trace.sums)


def _unresolved(imported: Imported, stimulus: Stimulus) -> tuple[Mask, Mask]:
    """Which of the sums by node, and of the codes by port, the file's float32 values do not resolve."""
    open_sums: dict[str, npt.NDArray[np.bool_]] = {}
    open_codes: dict[str, npt.NDArray[np.bool_]] = {}
    for node in imported.network.nodes:
        ports = [port_name(node.name, operand) for operand in range(node.operands)]
        operands = [stimulus.codes[port] for port in ports]
        sums = reference_sums(node, *operands)
        inherited = _inherited(node, imported, open_codes)
        if node.name in imported.sums:
            open_sums[node.name] = imported.unresolved_sums(node, sums, operands) | inherited
        for link in node.requantizations:
            beside = (imported.unresolved_codes(link, sums) | inherited).astype(np.int64)
            for pool in link.pools:
                beside = max_pool(beside, pool, lowest=0)  # any of the window
            open_codes[link.port] = beside.reshape(stimulus.codes[link.port].shape) > 0
    return open_sums, open_codes


def _inherited(node: Node, imported: Imported, open_codes: Mask) -> npt.NDArray[np.bool_]:
    """Which of a node's sums ``n c h w`` follow from codes that are open, and that the file does not have."""
    ports = [port_name(node.name, operand) for operand in range(node.operands)]
    found = [
        open_codes[port] for port in ports if port in open_codes and port not in imported.codes
    ]
    if not any(one.any() for one in found):
        return np.zeros((1, *node.output_shape), np.bool_)
    if isinstance(node, CodeMove) and len(ports) == 1:
        flat = found[0].reshape(len(found[0]), -1)
        moved: npt.NDArray[np.bool_] = flat[:, node.index] & (node.index != ZERO)
        return moved
    if all(one.shape[1:] == node.output_shape for one in found):
        either: npt.NDArray[np.bool_] = np.any(found, axis=0)
        return either
    each = np.any([one.reshape(len(one), -1).any(axis=1) for one in found], axis=0)
    return np.broadcast_to(each[:, None, None, None], (len(each), *node.output_shape))


def _with_own(network: IntegerNetwork, source: Stimulus) -> Stimulus:
    """The source's stimulus, with the reference's sums and codes where it has none."""
    codes, psums = dict(source.codes), dict(source.psums)
    for node in network.nodes:
        if node.name not in psums:
            ports = [port_name(node.name, operand) for operand in range(node.operands)]
            psums[node.name] = reference_sums(node, *(codes[port] for port in ports))
        for link in (one for one in node.requantizations if one.port not in codes):
            made = reference_next_codes(psums[node.name], link)
            codes[link.port] = made.astype(network.node(link.consumer).act_format.dtype)
    return replace(source, codes=codes, psums=psums)


def read_foreign(path: Path, samples: int, *, kernels: str | None = None) -> Foreign:
    """Read a file by the end of its name, and run it; raises the errors of its reader.

    kernels: whose rounding a TFLite file is read with; `ConfigError` if the file is none.
    """
    from tilewright.interchange import NETWORK_READERS, read_tflite

    kind = path.suffix.removeprefix(".").lower()
    if kernels is not None and kind != "tflite":
        raise ConfigError(
            f"kernels are chosen for a .tflite file, not for {path.name}: leave them out"
        )
    if kernels is None:
        return run_foreign(NETWORK_READERS.get(kind)(path), samples)
    imported = read_tflite(path, kernels=kernels)
    return run_foreign(imported, samples)


def run_foreign(imported: Imported, samples: int, *, seed: int = 0) -> Foreign:
    """A network with what its source computes from random input codes.

    Raises `ShapeError` if `samples` is no multiple of the file's batch.
    """
    stimulus = _with_own(imported.network, imported.run_source(samples, seed=seed)[0])
    links = [link for node in imported.network.nodes for link in node.requantizations]
    open_sums, open_codes = _unresolved(imported, stimulus)
    left_open = _left_open(imported.network, stimulus, open_codes)
    return Foreign(
        imported.network,
        stimulus,
        (*imported.notes, *left_open),
        sum(link.thresholds.size for link in links),
        imported.doubtful,
        sum(
            stimulus.psums[node.name].size * len(node.requantizations)
            for node in imported.network.nodes
        ),
        imported.count_doubtful(stimulus),
        open_sums,
        open_codes,
        sum(left_open.values()),
        [node.name for node in imported.network.nodes if node.name not in imported.sums],
        [link.port for link in links if link.port not in imported.codes],
    )


def _left_open(network: IntegerNetwork, source: Stimulus, open_codes: Mask) -> dict[str, int]:
    """A note for each node behind which the source's own rounding made other codes, and how many."""
    notes = {}
    for node in network.nodes:
        for link in (one for one in node.requantizations if open_codes[one.port].any()):
            expected = reference_next_codes(source.psums[node.name], link)
            differs = (expected != source.codes[link.port]) & open_codes[link.port]
            if differs.any():
                notes[
                    f"{node.name}: {int(differs.sum()):,} of {differs.size:,} codes for {link.port} are not "
                    "the source's, where the rounding of its floats decides"
                ] = int(differs.sum())
    return notes


def _read_course(path: Path, samples: int, options: CourseOptions) -> Foreign:
    from tilewright.data import load_data
    from tilewright.recover.course import Widths, import_course

    widths = Widths.parse(options.weight_bits, options.act_bits, options.layers)
    pixels = load_data(options.data, data_dir=options.data_dir).test.images
    if samples > len(pixels):
        raise ConfigError(f"samples must be at most the {len(pixels)} test images, not {samples}")
    numbers = np.arange(samples)
    found = import_course(
        path, _normalize(pixels[:samples]), widths=widths, samples=numbers, pools=options.pools
    )
    return Foreign(
        found.network,
        found.stimulus,
        found.notes,
        found.thresholds,
        found.doubtful,
        found.codes,
        found.doubtful_codes,
    )


def _normalize(pixels: npt.NDArray[np.uint8]) -> Tensor:
    """Pixels 0..255 ``n 3 h w`` as the course's training sees them, float32."""
    import torch

    mean, deviation = (
        torch.tensor(values).reshape(1, 3, 1, 1) for values in (CIFAR10_MEAN, CIFAR10_DEVIATION)
    )
    return (torch.from_numpy(pixels).float() / 255 - mean) / deviation


def parse_indices(text: str) -> tuple[int, ...]:
    """Indices from ``6,13,23``; raises `ConfigError` if one is no number."""
    parts: Collection[str] = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise ConfigError(f"indices of max-pools are given as 6,13,23, not {text!r}")
    return tuple(int(part) for part in parts)
