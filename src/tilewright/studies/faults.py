"""Accuracy with one faulty bit in one PE's psum register: which PEs must be hardened?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilewright.cores import Setup
from tilewright.cores.bundle_job import bundle_job, read_results
from tilewright.cores.simulator import for_many_builds
from tilewright.engine import Engine
from tilewright.engine.faulty import FaultyLayer, Flips, faults_of
from tilewright.engine.requantize import Requantizer
from tilewright.errors import ConfigError
from tilewright.pipeline.run_folder import Listener
from tilewright.programs.jobs import Job, run_jobs
from tilewright.programs.pace import Pace
from tilewright.rtl.faulty import faulty_sources
from tilewright.spec import (
    ArrayShape,
    Codes,
    IntegerLayer,
    IntegerNetwork,
    PsumFault,
    PsumRule,
    Requantization,
)
from tilewright.studies.certify import Subject
from tilewright.studies.fault_facts import Confirmed, FaultFacts, FaultOptions, FaultPoint
from tilewright.tile import WEIGHT_STATIONARY, TilePlan
from tilewright.vectors import load_layout, write_bundle
from tilewright.verify import reference_outputs

Ints = npt.NDArray[np.int64]
CHUNK = 25
"""Images whose codes and sums of every layer are held at a time."""

MOST_IMAGES = 500
"""Test images, where it is not said how many."""


def find_faults(
    subject: Subject, name: str, options: FaultOptions, listener: Listener
) -> FaultFacts:
    """Run the images with every fault of the array in layer `name`.

    Raises `UnknownNameError` for a layer that the network lacks, `ConfigError` for an empty choice and where
    another path leads past the layer.
    """
    network, test = subject.network, subject.test
    layer = network.layer(name)
    if not options.kinds or options.confirm < 0:
        raise ConfigError(
            f"there must be a kind of fault, and 0 or more to confirm, not {len(options.kinds)} and "
            f"{options.confirm}"
        )
    images = min(MOST_IMAGES, len(test)) if options.images is None else options.images
    if not 1 <= images <= len(test):
        raise ConfigError(f"images must be 1..{len(test)}, not {images}")
    array, tail = options.array(layer), _Tail(network, layer, options.threads)
    pixels, labels = test.images[:images], test.labels[:images]
    codes, sums = _layer_trace(network, layer, pixels, listener)
    plain = layer.plain()
    faulty = FaultyLayer(plain, codes, array, is_saturating=options.is_saturating)
    flips = Flips.draw(plain, array, samples=len(codes), seed=options.seed)
    healthy = tail.classes(sums)
    points = []
    every = faults_of(array, options.kinds, range(array.psum_bits))
    pace = Pace(len(every), f"faults of {name}")
    for part in _by_pe(every, array, options):
        planes = [_faulty_sums(sums, faulty, fault, flips, layer.start()) for fault in part]
        for fault, classes in zip(part, tail.classes_of_many(planes), strict=True):
            points.append(
                FaultPoint(
                    **asdict(fault),
                    correct=int((classes == labels).sum()),
                    differ=int((classes != healthy).sum()),
                )
            )
        listener.progress(pace.line(len(points)))
    confirmed = tuple(_confirm(plain, codes, faulty, flips, options, listener))
    return FaultFacts(
        name,
        array.rows,
        array.cols,
        array.psum_bits,
        images,
        int((healthy == labels).sum()),
        tuple(points),
        confirmed,
    )


def _by_pe(
    faults: Sequence[PsumFault], array: ArrayShape, options: FaultOptions
) -> Iterator[Sequence[PsumFault]]:
    together = array.psum_bits * len(options.kinds)
    for start in range(0, len(faults), together):
        yield faults[start : start + together]


def _layer_trace(
    network: IntegerNetwork, layer: IntegerLayer, pixels: npt.NDArray[np.uint8], listener: Listener
) -> tuple[Codes, Ints]:
    """Codes ``n ic ih iw`` of the layer of plain products, and psums ``n oc oh ow`` of the layer."""
    engine, codes, sums = Engine(network), [], []
    pace = Pace(len(pixels), f"images up to {layer.name}")
    for start in range(0, len(pixels), CHUNK):
        trace = engine.trace(pixels[start : start + CHUNK])
        codes.append(layer.plain_codes(trace.codes[layer.name]))
        sums.append(trace.sums[layer.name])
        listener.progress(pace.line(sum(map(len, codes))))
    return np.concatenate(codes), np.concatenate(sums)


def _faulty_sums(
    sums: Ints, faulty: FaultyLayer, fault: PsumFault, flips: Flips, start: Ints
) -> Ints:
    """Psums of all channels, ``n oc oh ow``: those of the faulty column change. start: as of a layer."""
    changed, channels = sums.copy(), list(faulty.channels(fault.col))
    found = faulty.psums(fault, flips if fault.kind == "flip" else None)
    changed[:, channels] = found + start[channels, None, None]
    return changed


class _Tail:
    """The network behind a layer: classes of its psums; equal codes are computed once."""

    def __init__(self, network: IntegerNetwork, layer: IntegerLayer, threads: int) -> None:
        self._network, self._threads = network, threads
        place = [node.name for node in network.nodes].index(layer.name)
        self._link: Requantization | None = None
        self._known: dict[bytes, int] = {}
        if layer.name == network.output.name:
            return
        before = {node.name for node in network.nodes[: place + 1]}
        past = [link.port for node in network.nodes[:place] for link in node.requantizations]
        others = [port for port in past if port.partition(":")[0] not in before]
        if others or len(layer.requantizations) != 1:
            raise ConfigError(
                f"faults need a layer past which no other path leads, but {', '.join(others) or 'several'} "
                f"leads past {layer.name}: choose another layer"
            )
        (self._link,) = layer.requantizations
        self._requantize = Requantizer(self._link, limit=1 << 40, dtype=np.dtype(np.int64))
        tail = IntegerNetwork(network.nodes[place + 1 :], (self._link.consumer,))
        self._engine = Engine(tail)

    def classes(self, sums: Ints) -> Ints:
        """Class ``n`` for psums ``n oc oh ow`` of the layer."""
        return self.classes_of_many([sums])[0]

    def classes_of_many(self, many: Sequence[Ints]) -> list[Ints]:
        """Classes for each of several arrays of psums."""
        if self._link is None:
            return [self._network.classes(sums) for sums in many]
        planes = [self._codes(sums) for sums in many]
        keys = [[plane.tobytes() for plane in codes] for codes in planes]
        unknown = {
            key: plane
            for names, codes in zip(keys, planes, strict=True)
            for key, plane in zip(names, codes, strict=True)
            if key not in self._known
        }
        if unknown:
            found = self._engine.predict(np.stack(list(unknown.values())), threads=self._threads)
            self._known |= dict(zip(unknown, found.tolist(), strict=True))
        return [np.array([self._known[key] for key in names]) for names in keys]

    def _codes(self, sums: Ints) -> npt.NDArray[np.generic]:
        rows = np.ascontiguousarray(sums.transpose(0, 2, 3, 1))
        return np.ascontiguousarray(self._requantize(rows).transpose(0, 3, 1, 2))


def _confirm(
    layer: IntegerLayer,
    codes: Codes,
    faulty: FaultyLayer,
    flips: Flips,
    options: FaultOptions,
    listener: Listener,
) -> Iterator[Confirmed]:
    """Random faults in our RTL: it must put out the psums that the engine has."""
    generator = np.random.default_rng(options.seed)
    every = faults_of(faulty.array, options.kinds, range(faulty.array.psum_bits))
    places = generator.choice(len(every), min(options.confirm, len(every)), replace=False)
    chosen = [(every[place], int(generator.integers(len(codes)))) for place in places]
    jobs = [
        _faulty_job(layer, codes, faulty, flips, fault=fault, image=image, options=options)
        for fault, image in chosen
    ]
    results = run_jobs(jobs, workers=options.workers, threads=options.threads)
    for (fault, image), content in zip(chosen, results, strict=True):
        (found,) = read_results(content)
        differ = found.psum_mismatches + found.stored_mismatches
        listener.say(
            f"RTL, {fault}, image {image}: {found.psums_compared} psums compared, {differ} differ"
        )
        yield Confirmed(str(fault), image, found.psums_compared, differ)


def _faulty_job(
    layer: IntegerLayer,
    codes: Codes,
    faulty: FaultyLayer,
    flips: Flips,
    *,
    fault: PsumFault,
    image: int,
    options: FaultOptions,
) -> Job:
    """One fault in the RTL on one image, with files that state the engine's psums."""
    one = slice(image, image + 1)
    dense, moment = layer.as_dense(), Flips(flips.fold[one], flips.pixel[one])
    own = FaultyLayer(layer, codes[one], faulty.array, is_saturating=options.is_saturating)
    psums = _faulty_sums(Engine(_alone(dense)).sums(codes[one]), own, fault, moment, dense.start())[
        0
    ]
    layout = load_layout(WEIGHT_STATIONARY.layout)
    with tempfile.TemporaryDirectory(prefix="tilewright-fault-") as name:
        bundle = write_bundle(
            Path(name) / "bundle",
            layer=dense,
            plan=TilePlan(dense.shape, faulty.array),
            layout=layout,
            codes=codes[image],
            psums=psums,
            outputs=reference_outputs(psums, layout.output),
            sample=image,
        )
        core = faulty_sources(fault, _taken(dense, moment) if fault.kind == "flip" else None)
        rule = PsumRule("saturate" if options.is_saturating else "wrap")
        return bundle_job(
            [(bundle.folder, Setup(rule=rule))],
            {name: text.encode() for name, text in core.items()},
            simulator=for_many_builds(options.simulator),
        )


def _alone(layer: IntegerLayer) -> IntegerNetwork:
    return IntegerNetwork((replace(layer, requantizations=()),))


def _taken(layer: IntegerLayer, moment: Flips) -> int:
    """How many activations the PE has taken before that of the flip: all pixels of every fold."""
    shape, fold, pixel = layer.shape, int(moment.fold[0]), int(moment.pixel[0])
    tap = fold % shape.taps
    row = pixel // shape.ow * shape.stride[0] + tap // shape.kw
    column = pixel % shape.ow * shape.stride[1] + tap % shape.kw
    return fold * shape.nij + row * shape.padded_w + column
