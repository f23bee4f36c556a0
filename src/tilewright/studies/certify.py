"""The exactness certificate of a network: obligations, and the oracles that agree."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tilewright.config.array import ArrayConfig
from tilewright.data import Split
from tilewright.engine import Engine
from tilewright.errors import (
    ArtifactError,
    ConfigError,
    TilewrightError,
    ToolError,
    command_line,
)
from tilewright.facts import CertifyFacts, StageResult
from tilewright.pipeline.own_images import NAME, OwnImages
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.prove.layers import ONLY_COMPARED
from tilewright.spec import Codes, DataClaim, IntegerNetwork, PackedNetwork, Trace, find_packed
from tilewright.store.artifact import read_json, write_json
from tilewright.studies import oracles as ask
from tilewright.studies.packed import load_packed_test
from tilewright.studies.prove import NOT_ASKED, array_obligations
from tilewright.verify import (
    NO_MARGINS,
    Certificate,
    Margins,
    Oracle,
    find_margins,
    find_obligations,
    reference_trace,
)
from tilewright.verify.certificate import NetworkClaim

if TYPE_CHECKING:
    from torch import nn

NOT_PROVED = (
    "that the network is accurate: accuracy is counted, not proved",
    "predictions for images other than those compared here follow from the integers alone; that the "
    "trained floats give the same ones rests on the thresholds, which were found by bisection on the "
    "trained modules and compared at every sum only where a layer has up to 2^25 (channel, sum) pairs",
    "that a float forward on another machine or thread count has the same codes at ties of its own kernels",
    "overflow in an accumulator narrower than the bits that each layer is stated to need",
    "anything of oracles that are listed as absent",
)


WIDE_BITS = 32
"""Of the psums of the model and the RTL: whether narrower ones hold them is an obligation of its own."""

ARRAY = ArrayConfig(psum_bits=WIDE_BITS)
"""Of a packed network, which was made for none: the configuration's default."""


@dataclass(frozen=True, slots=True)
class Effort:
    """The amount that is compared. Counts of test images, from the first on; 0 leaves an oracle out.

    images: codes and sums of the engines and the trained modules; naive: of the naive reference;
    onnx: in ONNX Runtime and onnx's evaluator; rtl: layers that run through the RTL. predictions:
    classes of all test images. proves: prove for all inputs that the array computes every tile.
    """

    images: int = 100
    naive: int = 2
    onnx: int = 2
    rtl: tuple[str, ...] = ()
    predictions: bool = True
    proves: bool = False

    def __post_init__(self) -> None:
        if min(self.naive, self.images) < 1 or self.onnx < 0:
            raise ConfigError(
                f"a certificate needs 1 image or more for the engines and for the naive reference, "
                f"not {self.images} and {self.naive}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """The subject of a certificate.

    array: what the cycle-level model and the RTL compute it on; a packed network has none of its own.
    model: the trained modules, where a run is at hand; inputs: the fingerprint of what was read there.
    """

    path: Path
    network: IntegerNetwork
    data: str
    test: Split
    predictions: npt.NDArray[np.int64]
    model: nn.Module | None
    inputs: str = ""
    array: ArrayConfig = ARRAY


def open_subject(path: Path, *, data_dir: Path | None) -> Subject:
    """A run folder or a packed network, with its test images."""
    stem = find_packed(path)
    if stem is not None:
        packed = PackedNetwork.load(stem)
        test = load_packed_test(packed, data_dir=data_dir)
        return Subject(stem, packed.network, packed.data.name, test, packed.predictions, model=None)
    if not path.is_dir():
        raise ConfigError(f"{path} must be a run folder or a packed network (NAME.json)")
    from tilewright.data.catalog import load_test
    from tilewright.train import load_trained
    from tilewright.train.evaluation import predict

    run = RunFolder(path)
    config, inputs = run.config(), run.fingerprint("certify")
    array = _of_wide_psums(config.array)
    if run.is_stale("recover"):
        raise ArtifactError(f"recover is stale: run {command_line('recover', path)} first")
    own = OwnImages.load(run)
    if own is not None:
        network = run.network()
        return Subject(path, network, NAME, own.test, own.predictions, None, inputs, array)
    test = load_test(config.data.name, data_dir=data_dir or config.data_dir)
    model = load_trained(run.folder("train"))
    predictions = predict(model, test.images)
    return Subject(path, run.network(), config.data.name, test, predictions, model, inputs, array)


def _of_wide_psums(array: ArrayConfig) -> ArrayConfig:
    """An array whose registers hold every psum: whether narrower ones do is not certified."""
    wide = {"psum_bits": WIDE_BITS, "column_bits": 0, "overflow": "error"}
    return array.model_copy(update=wide)


def certify(subject: Subject, effort: Effort, listener: Listener, *, threads: int) -> Certificate:
    """Make the certificate. threads: for the classes of all test images."""
    network, test = subject.network, subject.test
    count = max(effort.images, effort.naive, effort.onnx)
    if count > len(test):
        raise ConfigError(f"there are {len(test):,} test images, so {count:,} cannot be compared")
    for name in effort.rtl:
        network.layer(name)
    engine = Engine(network)
    reference = reference_trace(network, test.images[: effort.naive])
    found, absent = _ask_all(subject, effort, engine, reference, listener, threads=threads)
    proved, not_decided = array_obligations(subject.path, listener) if effort.proves else ((), {})
    margins = _margins(network, engine, test.images[: effort.images])
    weights = sum(layer.weight.size for layer in network.layers)
    return Certificate(
        network=NetworkClaim(network.fingerprint(), len(network.nodes), weights),
        data=DataClaim(subject.data, len(test), test.fingerprint()),
        settings=asdict(effort) | {"rtl": list(effort.rtl)},
        obligations=(
            *find_obligations(network, Engine(network, kind="blas").arithmetic, margins),
            *proved,
        ),
        oracles=tuple(found),
        absent=absent | not_decided,
        not_proved=(*NOT_PROVED, ONLY_COMPARED if effort.proves else NOT_ASKED),
    )


def _ask_all(
    subject: Subject,
    effort: Effort,
    engine: Engine,
    reference: Trace,
    listener: Listener,
    *,
    threads: int,
) -> tuple[list[Oracle], dict[str, str]]:
    """Every oracle that answers, and why the others do not."""
    network, images = subject.network, subject.test.images
    found: list[Oracle] = []
    absent: dict[str, str] = {}

    def hear(name: str, question: Callable[..., Oracle | Iterable[Oracle]], *facts: Any) -> None:
        try:
            answer = question(*facts)
            for oracle in [answer] if isinstance(answer, Oracle) else answer:
                listener.say(str(oracle))
                found.append(oracle)
        except ToolError as error:
            absent[name] = f"not installed or not usable: {error}"
            listener.say(f"{name}: {absent[name]}")

    some = images[: effort.images]
    hear("reference", ask.ask_reference, network, reference, engine.trace(images[: effort.naive]))
    for kind in ("int8", "blas"):
        hear(f"engine '{kind}'", ask.ask_engine, network, some, engine, kind)
    if subject.model is None:
        absent["torch forward"] = "not at hand: predictions were kept, not modules"
    else:
        hear("torch forward", ask.ask_torch, network, some, engine, subject.model)
    if effort.predictions:
        classes = engine.predict(images, threads=threads)
        hear("predictions", ask.ask_predictions, subject.predictions, classes)
    if effort.onnx:
        hear("ONNX Runtime", ask.ask_onnx, network, images[: effort.onnx])
    hear("cycle-level model", ask.ask_model, network, reference, subject.array)
    for name in effort.rtl:
        hear(f"RTL of {name}", ask.ask_rtl, network.layer(name), reference, subject.array)
    if not effort.rtl:
        absent["RTL"] = "not asked: name layers with --rtl"
    return found, absent


def _margins(network: IntegerNetwork, engine: Engine, images: Codes) -> dict[str, Margins]:
    margins: dict[str, Margins] = {}
    for start in range(0, len(images), ask.CHUNK):
        trace = engine.trace(images[start : start + ask.CHUNK])
        for node in network.nodes:
            for link in node.requantizations:
                name = f"{node.name} to {link.port}"
                seen = find_margins(trace.sums[node.name], link)
                margins[name] = margins.get(name, NO_MARGINS).plus(seen)
    return margins


def certificate_path(path: Path) -> Path:
    """Where the certificate of a packed network lies, or of a run."""
    stem = find_packed(path)
    if stem is not None:
        return stem.with_name(f"{stem.name}.certificate.json")
    return RunFolder(path).facts_path("certify")


def write_certificate(
    subject: Subject, certificate: Certificate, out: Path | None, *, since: float
) -> StageResult[CertifyFacts]:
    """Write a certificate where `certificate_path` says, or to `out`; of a run, as a stage's result."""
    stem = find_packed(subject.path)
    path = out or certificate_path(subject.path)
    source = os.path.relpath(subject.path, path.parent)
    result = StageResult(CertifyFacts(certificate, source), certificate.checks())
    if stem is None and out is None:
        run = RunFolder(subject.path)
        return run.record(result, since=since, inputs=subject.inputs)
    write_json(path, result.facts.to_json())
    return result


def read_certificate(path: Path) -> tuple[Certificate, Path]:
    """A certificate, and the path of what it is about; raises `ArtifactError` if it is damaged."""
    facts = CertifyFacts.from_json(read_json(path), file=str(path))
    return facts.certificate, path.parent / facts.source


def effort_of(certificate: Certificate, origin: Path) -> Effort:
    """The effort that a certificate was made with; raises `ArtifactError` if its settings are none."""
    try:
        settings = certificate.settings
        return Effort(**settings | {"rtl": tuple(settings["rtl"])})
    except (TypeError, KeyError, TilewrightError) as error:
        raise ArtifactError(f"{origin} has no valid settings: {error}") from None
