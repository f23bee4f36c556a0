"""A quantized module of the user's own, as a run folder that every command takes."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tilewright.config import load_config
from tilewright.data import Split
from tilewright.engine import Engine
from tilewright.errors import DataError, ShapeError
from tilewright.facts import RecoverFacts, StageResult
from tilewright.pipeline.layer_facts import layer_facts
from tilewright.pipeline.own_images import OwnImages
from tilewright.pipeline.run_folder import RunFolder
from tilewright.pipeline.run_lock import locked_run
from tilewright.spec import IntegerNetwork

if TYPE_CHECKING:
    from torch import Tensor, nn

BATCH = 100
"""Images whose codes are captured at a time."""


@dataclass(frozen=True, slots=True)
class SavedRun:
    """A written run. differ: images that the integers give another class than the module; correct: that the
    integers recognize. gaps: why integers do not lead from the input to the output; then nothing is counted.
    """

    path: Path
    layers: int
    images: int
    correct: int
    differ: int
    gaps: tuple[str, ...] = ()


def save_run(
    module: nn.Module,
    path: Path | str,
    images: Tensor | tuple[Tensor, ...],
    labels: Tensor | npt.NDArray[np.int64],
    *,
    samples: int = 8,
) -> SavedRun:
    """Write the trained `module`, as `quantize` made it, as a run folder that every command takes.

    images: test images ``n ...``, as the module takes them, or a tuple of its inputs; labels: their classes
    ``n``. samples: of the images, the first so many become the stimulus, with codes and sums of every node.
    The others are kept as the codes that the network reads, with the module's classes (those of the first of
    several outputs), for `evaluate`, `certify`, `psum-width`, `requantize` and `pack`.

    Raises `DataError` for labels that do not fit the images, `RecoveryError` if the module is not exact on
    integers, and `ConfigError` if `path` holds something else. Warns if the integers are not whole, or give
    other classes than the module.
    """
    from tilewright.recover import recover

    since, root = time.monotonic(), Path(path)
    marks = np.asarray(labels, dtype=np.int64)
    total = {len(one) for one in images} if isinstance(images, tuple) else {len(images)}
    if {marks.shape} != {(count,) for count in total} or not samples >= 1:
        raise DataError(
            f"there must be a label for each of the {max(total)} images, and 1 sample or more, not labels "
            f"of {marks.shape} and {samples} samples"
        )
    count = min(samples, len(marks))
    network, stimulus = recover(module, _part(images, 0, count), np.arange(count, dtype=np.int64))
    gaps = _gaps(network)
    own = None if gaps else _own_images(module, network, images, marks)
    run = RunFolder(root)
    with locked_run(root, "save_run"):
        run.start(load_config(None, (f"recover.samples={count}",)))
        inputs = run.fingerprint("recover")
        run.begin("recover")
        network.save(run.network_stem)
        stimulus.save(run.stimulus_stem)
        OwnImages.remove(run)
        if own is not None:
            own.save(run)
        name = type(module).__name__
        layers = tuple(layer_facts(layer) for layer in network.layers)
        facts = RecoverFacts(imported=name, samples=count, layers=layers, nodes=len(network.nodes))
        run.record(StageResult(facts), since=since, inputs=inputs)
    saved = _count(root, network, own, gaps)
    _warn(saved)
    return saved


def _gaps(network: IntegerNetwork) -> tuple[str, ...]:
    gaps = tuple(network.gaps())
    if not gaps and network.output.output_shape[1:] != (1, 1):
        gaps = (f"{network.output.name}: its output is a plane, and no class",)
    return gaps


def _own_images(
    module: nn.Module,
    network: IntegerNetwork,
    images: Tensor | tuple[Tensor, ...],
    labels: npt.NDArray[np.int64],
) -> OwnImages:
    """Codes of all images as the first node reads them, and the module's own classes."""
    import torch

    from tilewright.recover import trace_forward
    from tilewright.recover.capture import eval_mode
    from tilewright.recover.entries import input_codes

    codes, classes = [], []
    with eval_mode(module), torch.no_grad():
        for start in range(0, len(labels), BATCH):
            part = _part(images, start, start + BATCH)
            codes.append(input_codes(network, trace_forward(module, part)))
            logits = module(*part) if isinstance(part, tuple) else module(part)
            if isinstance(logits, tuple | list):  # of several outputs the first has the classes
                logits = logits[0]
            if logits.ndim != 2:
                raise ShapeError(f"the module must give (n, classes), not {tuple(logits.shape)}")
            classes.append(logits.argmax(dim=1).cpu().numpy())
    read = network.node(network.inputs[0]).act_format.dtype
    test = Split(np.concatenate(codes).astype(read), labels)
    return OwnImages(test, np.concatenate(classes), type(module).__name__)


def _part(images: Tensor | tuple[Tensor, ...], start: int, end: int) -> Tensor | tuple[Tensor, ...]:
    """Some of the images, of each input."""
    if isinstance(images, tuple):
        return tuple(one[start:end] for one in images)
    return images[start:end]


def _count(
    path: Path, network: IntegerNetwork, own: OwnImages | None, gaps: tuple[str, ...]
) -> SavedRun:
    layers = len(network.layers)
    if own is None:
        return SavedRun(path, layers, images=0, correct=0, differ=0, gaps=gaps)
    found = Engine(network).predict(own.test.images)
    correct = int((found == own.test.labels).sum())
    differ = int((found != own.predictions).sum())
    return SavedRun(path, layers, len(own.test), correct, differ)


def _warn(saved: SavedRun) -> None:
    if saved.gaps:
        warnings.warn(
            f"{saved.path} can be verified, exported and simulated layer by layer, but it does not classify "
            f"on integers: {saved.gaps[0]}",
            stacklevel=3,
        )
    elif saved.differ:
        warnings.warn(
            f"{saved.differ:,} of {saved.images:,} images get another class from the integers than from the "
            "module: what follows the last layer, such as its bias, is not in the integers; build the module "
            "with bias=False there",
            stacklevel=3,
        )
