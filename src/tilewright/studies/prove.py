"""Which layers of a run or of a packed network our array must compute, for a proof of all their tiles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tilewright.config.array import ArrayConfig
from tilewright.errors import ConfigError
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.prove.layers import LayerProof, LayerRun, NetworkProof, prove_layers
from tilewright.prove.our_rtl import read_sources
from tilewright.prove.verdict import PROVED, UNDECIDED
from tilewright.spec import IntegerNetwork, PackedNetwork, find_packed
from tilewright.verify import Obligation

NOT_ASKED = (
    "that the RTL array computes every tile for all inputs: ask for it with --prove; it is only compared, "
    "on samples"
)


def layer_runs(path: Path, *, size: tuple[int, int] | None = None) -> tuple[LayerRun, ...]:
    """The parts of all layers: of a run on its own array, of a packed network on 8x8.

    size: rows and columns of another array.

    Raises `ConfigError` if `path` is neither.
    """
    stem = find_packed(path)
    if stem is not None:
        array = ArrayConfig(schedule="overlapped")
        return tuple(_runs(PackedNetwork.load(stem).network, _sized(array, size)))
    if not path.is_dir():
        raise ConfigError(f"{path} must be a run folder or a packed network (NAME.json)")
    run = RunFolder(path)
    return tuple(_runs(run.network(), _sized(run.config().array, size)))


def _sized(array: ArrayConfig, size: tuple[int, int] | None) -> ArrayConfig:
    if size is None:
        return array
    return array.model_copy(update=dict(zip(("rows", "cols"), size, strict=True)))


def _runs(network: IntegerNetwork, array: ArrayConfig) -> Iterator[LayerRun]:
    for layer in network.layers:
        plain = layer.plain()
        bits = layer.act_format.bits
        for part, execution in array.executions(plain.shape, act_bits=bits):
            yield LayerRun(
                part.name(layer.name),
                execution,
                bits,
                layer.weight_format.bits,
                layer.act_format.is_signed,
            )


def array_obligations(
    path: Path, listener: Listener
) -> tuple[tuple[Obligation, ...], dict[str, str]]:
    """What `obligations_of` says of the layers of `layer_runs`. Raises what `prove_layers` raises."""
    found = prove_layers(
        read_sources(), layer_runs(path), hear=lambda one: listener.say(str(one.verdict))
    )
    return obligations_of(found)


def obligations_of(found: NetworkProof) -> tuple[tuple[Obligation, ...], dict[str, str]]:
    """An obligation for each proof and each refutation; and of which layers nothing is said, and why."""
    decided = tuple(_obligation(one) for one in found.proofs if one.verdict.answer != UNDECIDED)
    absent = {f"proof of {name}": why for name, why in found.left_out.items()}
    for one in found.proofs:
        if one.verdict.answer == UNDECIDED:
            absent |= {f"proof of {name}": str(one.verdict) for name in one.layers}
    return decided, absent


def _obligation(one: LayerProof) -> Obligation:
    verdict = one.verdict
    return Obligation(
        f"array, {one.layers[0]}" + (f" and {len(one.layers) - 1} more" if one.layers[1:] else ""),
        "the RTL array computes every tile, for all activations and weights",
        holds=verdict.answer == PROVED,
        evidence=f"{verdict.answer}: {verdict.claim}, for all 2^{verdict.bits} inputs"
        + (f"; {verdict.reason}" if verdict.reason else ""),
        numbers={
            "layers": list(one.layers),
            "values": verdict.compared,
            "input_bits": verdict.bits,
        },
    )
