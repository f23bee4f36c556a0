"""Start from the weights of another network, and state for each tensor whether it was taken, and why."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from tilewright.quant.quantizers import LearnedQuantizer, WeightQuantizer
from tilewright.spec import NumberFormat
from tilewright.store.artifact import write_bytes

FILE = "start.json"

Fate = Literal["loaded", "resized", "fitted", "fresh", "unused"]


@dataclass(frozen=True, slots=True)
class TensorFate:
    """What became of one tensor, by name.

    loaded: taken as it is. resized: of another shape; taken where the shapes overlap, such that
    the channels which are there compute what they computed. fitted: a step, set by the weights that
    were taken. fresh: stays at its initialization. unused: the source has it and this network does not.
    """

    name: str
    fate: Fate
    reason: str


@torch.no_grad()
def take_weights(
    model: nn.Module,
    source: nn.Module,
    *,
    origin: str,
    resizes: bool = True,
    fits_steps: bool = False,
) -> list[TensorFate]:
    """Copy into `model` what `source` has for it, and say so of every tensor of both.

    A quantizer's step is taken only if the number format is the same; else the first batch sets it
    anew. origin: where `source` comes from, for the reasons. resizes: tensors of another shape are
    taken where they overlap; else they stay fresh. fits_steps: steps of weights that were taken are
    fitted to them by least squares.
    """
    found, target = source.state_dict(), model.state_dict()
    reset = _quantizers_of_other_formats(model, source)
    fates = [
        _take(name, tensor, found, reset, origin, resizes=resizes)
        for name, tensor in target.items()
    ]
    model.load_state_dict(target)  # the quantizers learn that their steps are set
    if fits_steps:
        fates = _fit_steps(model, fates)
    fates += [
        TensorFate(name, "unused", "this network has no tensor of that name")
        for name in found
        if name not in target
    ]
    return fates


def summarize(fates: list[TensorFate], origin: str) -> str:
    """How many tensors met which fate, in one line."""
    counts = Counter(fate.fate for fate in fates)
    numbers = ", ".join(f"{count} {fate}" for fate, count in counts.items())
    return f"weights from {origin}: tensors {numbers}"


def write_fates(folder: Path, fates: list[TensorFate], origin: str) -> None:
    """Write the list to ``start.json``; raises `ArtifactError` if the disk refuses."""
    facts = {"origin": origin, "tensors": [asdict(fate) for fate in fates]}
    write_bytes(folder / FILE, (json.dumps(facts, indent=1) + "\n").encode())


def _take(
    name: str,
    tensor: Tensor,
    source: dict[str, Tensor],
    reset: dict[str, str],
    origin: str,
    *,
    resizes: bool,
) -> TensorFate:
    """Fill `tensor`, which shares its memory with the model's, if `source` has something for it."""
    owner = name.rpartition(".")[0]
    if name not in source:
        return TensorFate(name, "fresh", f"{origin} has no tensor of that name")
    if owner in reset:
        return TensorFate(name, "fresh", reset[owner])
    found = source[name]
    if found.shape == tensor.shape:
        tensor.copy_(found)
        return TensorFate(name, "loaded", "same name and shape")
    shapes = f"{tuple(found.shape)} there, {tuple(tensor.shape)} here"
    if not resizes or found.ndim != tensor.ndim or found.ndim == 0:
        return TensorFate(name, "fresh", shapes)
    overlap = tuple(slice(min(a, b)) for a, b in zip(found.shape, tensor.shape, strict=True))
    tensor[overlap[0]] = 0  # channels that are there read nothing of inputs that were not
    tensor[overlap] = found[overlap]
    return TensorFate(name, "resized", shapes)


def _fit_steps(model: nn.Module, fates: list[TensorFate]) -> list[TensorFate]:
    """Fit the steps of all weights that were taken, and say so."""
    taken = {fate.name for fate in fates if fate.fate in ("loaded", "resized")}
    fitted = set()
    for name, part in model.named_modules():
        weight = f"{name.rpartition('.')[0]}.weight"
        if isinstance(part, WeightQuantizer) and weight in taken:
            part.fit(model.get_parameter(weight))
            fitted |= {f"{name}.step", f"{name}.is_initialized"}
    reason = "least squares of the weights"
    return [
        TensorFate(fate.name, "fitted", reason) if fate.name in fitted else fate for fate in fates
    ]


def _quantizers_of_other_formats(model: nn.Module, source: nn.Module) -> dict[str, str]:
    """Names of quantizers whose number format is not that of the source, with the reason."""
    there = _number_formats(source)
    return {
        name: f"{there[name]} there, {number_format} here"
        for name, number_format in _number_formats(model).items()
        if name in there and there[name] != number_format
    }


def _number_formats(module: nn.Module) -> dict[str, NumberFormat]:
    return {
        name: part.number_format
        for name, part in module.named_modules()
        if isinstance(part, LearnedQuantizer)
    }
