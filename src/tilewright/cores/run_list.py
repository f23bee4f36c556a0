"""The inputs of the testbench: build parameters, layer descriptor, files in the order of reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import cast

from tilewright.cores.setup import Setup
from tilewright.errors import FormatError, ShapeError
from tilewright.rtl.descriptor import LayerDescriptor
from tilewright.spec import Function, OutputFunction
from tilewright.tile.execution import Execution
from tilewright.tile.plan import TilePlan
from tilewright.vectors import CORE_LAYOUTS, Bundle, Layout, dataflow_of
from tilewright.vectors.layout import PACKED

_MIN_CODE_BITS = 2
_MAX_CODE_BITS = 8
_MAX_ADDRESS_BITS = 24
_MAX_COUNT = 65_535
AS_NEEDED: Mapping[str, int] = MappingProxyType({})
"""Asks for no more of a core than a bundle needs."""

_CODE_BITS = ("ActBits", "WeightBits")
_USUAL_ADDRESS_BITS = {"XmemAddrBits": 14, "WmemAddrBits": 14, "PmemAddrBits": 10}


@dataclass(frozen=True, slots=True)
class BenchRun:
    """A bundle in a setup: one layer for the testbench, or only the output tiles `part` of it.

    execution: how the core runs the layer; the dataflow is the one whose files these are. Raises
    `FormatError` if our core has no such dataflow.
    """

    bundle: Bundle
    setup: Setup
    part: range | None = None
    execution: Execution = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "execution", _execution(self.bundle, self.setup))

    @property
    def plan(self) -> TilePlan:
        """The plan of the bundle, in the dataflow of its layout."""
        return self.execution.plan

    @property
    def otiles(self) -> range:
        """The output tiles that run."""
        return range(self.plan.otiles) if self.part is None else self.part

    @property
    def otiles_per_job(self) -> int:
        """How many output tiles one start of the core runs."""
        return len(self.otiles) if self.setup.schedule.is_whole_layer else 1

    @property
    def values(self) -> int:
        """Psums of real output channels in the output tiles that run."""
        cols, shape = self.plan.array.cols, self.plan.shape
        channels = min(self.otiles.stop * cols, shape.oc) - self.otiles.start * cols
        return channels * shape.onij

    @property
    def act_bits(self) -> int:
        """Width of the activation operand of a PE."""
        return self.bundle.act_format.bits * self.plan.dataflow.channels_per_pe

    @property
    def is_packed(self) -> bool:
        """Whether there is one file a kind, of packed words."""
        return self.bundle.layout.kind("weight").container == PACKED

    @property
    def otile_weights(self) -> int:
        """WMEM words of an output tile."""
        return self.plan.dataflow.otile_words(self.plan)


def is_readable(layout: Layout) -> bool:
    """Whether the testbench reads files of `layout`."""
    dataflow = dataflow_of(layout)
    return dataflow is not None and dataflow.wiring is not None


def require_readable(layout: Layout, where: str) -> None:
    """Raise `FormatError` if the testbench does not read the files of `layout`, which lie `where`."""
    if not is_readable(layout):
        raise _unreadable(layout, where)


def _unreadable(layout: Layout, where: str) -> FormatError:
    return FormatError(
        f"the RTL testbench reads layout {', '.join(CORE_LAYOUTS)}, but {where} has layout "
        f"{layout.name}: export it again with one of them, or packed (NAME-packed)"
    )


def _execution(bundle: Bundle, setup: Setup) -> Execution:
    dataflow = dataflow_of(bundle.layout)
    if dataflow is None or dataflow.wiring is None:
        raise _unreadable(bundle.layout, _where(bundle))
    stated = bundle.layout.kind("output")
    output = OutputFunction(cast("Function", stated.function), stated.shift)
    plan = replace(bundle.plan, dataflow=dataflow)
    return Execution(plan, setup.schedule, setup.rule, output)


def _where(bundle: Bundle) -> str:
    return f"{bundle.folder} (layer {bundle.layer_name})"


def check_runnable(run: BenchRun) -> None:
    """Raise `FormatError` or `ShapeError` if the RTL core cannot run a bundle."""
    bundle = run.bundle
    where = _where(bundle)
    for code in (bundle.act_format, bundle.weight_format):
        if code.bits < _MIN_CODE_BITS:
            raise FormatError(
                f"a code of the RTL core has at least {_MIN_CODE_BITS} bits, but {where} has {code}"
            )
    if run.act_bits > _MAX_CODE_BITS:
        raise FormatError(
            f"two activations in a PE must have at most {_MAX_CODE_BITS} bits together, but {where} "
            f"has {bundle.act_format}: use layout ece284-ws"
        )
    steps = run.plan.dataflow.counts(run.plan)["steps"]
    if steps > _MAX_COUNT:
        raise ShapeError(
            f"an output-stationary pass has at most {_MAX_COUNT} steps, but {where} needs "
            f"{steps}: use layout ece284-ws"
        )
    for name, bits in parameters([run]).items():
        if name in _USUAL_ADDRESS_BITS and bits > _MAX_ADDRESS_BITS:
            raise ShapeError(
                f"a memory of the RTL core has at most 2^{_MAX_ADDRESS_BITS} words, but {name} "
                f"must be {bits} for {where}: use a larger array or a smaller plane"
            )


def parameters(runs: Sequence[BenchRun], least: Mapping[str, int] = AS_NEEDED) -> dict[str, int]:
    """Parameters of the core for `runs`, which all need the same one: see `core_of`.

    The memories grow beyond their usual sizes only for a layer that needs it, so that one build serves most.
    least: address bits of memories and widths of codes that the core has in any case (`needed_by_all`).
    """
    return core_of(runs[0], least) | memories(runs, least)


def needed_by_all(runs: Sequence[BenchRun]) -> dict[str, int]:
    """What a core must have at least to serve all of `runs`: address bits, and the widest codes.

    A narrower code is the same number in more bits, so that every sum is the same.
    """
    cores = [core_of(run) for run in runs]
    widest = {name: max((core[name] for core in cores), default=0) for name in _CODE_BITS}
    return memories(runs) | widest


def memories(runs: Sequence[BenchRun], least: Mapping[str, int] = AS_NEEDED) -> dict[str, int]:
    """Address bits of the memories of a core that holds every one of `runs`."""
    words = [_words(run) for run in runs]
    return {
        name: max(usual, least.get(name, 0), *((one[name] - 1).bit_length() for one in words))
        for name, usual in _USUAL_ADDRESS_BITS.items()
    }


def core_of(run: BenchRun, least: Mapping[str, int] = AS_NEEDED) -> dict[str, int]:
    """The core that a run needs, its memories left out: sizes and widths, by the name of the parameter.

    least: as `parameters` takes it; two activations in a PE are halves of one operand, which stays as wide.
    """
    array = run.bundle.array
    widths = dict(zip(_CODE_BITS, (run.act_bits, run.bundle.weight_format.bits), strict=True))
    if run.plan.dataflow.channels_per_pe == 1:
        widths = {name: max(bits, least.get(name, 0)) for name, bits in widths.items()}
    return {
        "Rows": array.rows,
        "Cols": array.cols,
        **widths,
        "ColumnBits": run.setup.rule.column_bits or array.psum_bits,
        "PsumBits": array.psum_bits,
        "ActSigned": int(run.bundle.act_format.is_signed),
    }


def by_core(runs: Sequence[BenchRun], least: Mapping[str, int] = AS_NEEDED) -> Iterable[list[int]]:
    """The numbers of the runs that one core serves, core by core; least: as `parameters` takes it."""
    return grouped(range(len(runs)), lambda number: core_of(runs[number], least))


def grouped(
    numbers: Iterable[int], key: Callable[[int], Mapping[str, object]]
) -> Iterable[list[int]]:
    """The numbers whose keys have the same values, in the order of the first of each."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for number in numbers:
        groups.setdefault(tuple(key(number).values()), []).append(number)
    return groups.values()


def _words(run: BenchRun) -> dict[str, int]:
    plan = run.plan
    return {
        "XmemAddrBits": plan.dataflow.sample_words(plan),
        "WmemAddrBits": run.otiles_per_job * run.otile_weights,
        "PmemAddrBits": run.otiles_per_job * plan.shape.onij,
    }


def run_list(runs: Sequence[BenchRun], *, is_apart: bool = False) -> str:
    """The text file that the bench reads first: "KEY NUMBER" lines, then "file NAME" lines of each layer.

    Names are relative to the bundle's folder, or, if `is_apart`, to one that holds the bundles as folders
    0, 1, ... Raises `FormatError` if a bundle lacks a file.
    """
    build = {name: bits for name, bits in core_of(runs[0]).items() if name not in _CODE_BITS}
    names = ("rows", "cols", "column_bits", "psum_bits", "act_signed")
    lines = [f"{name} {value}" for name, value in zip(names, build.values(), strict=True)]
    lines.append(f"layers {len(runs)}")
    for number, run in enumerate(runs):
        folder = f"{number}/" if is_apart else ""
        lines += [f"{key} {value}" for key, value in _layer(run).items()]
        lines += [f"file {folder}{name}" for name in _files(run)]
    return "\n".join(lines) + "\n"


def _layer(run: BenchRun) -> dict[str, int]:
    plan, dataflow = run.plan, run.plan.dataflow
    act_files = 1 if run.is_packed else len(dataflow.act_files(plan))
    all_weights = plan.otiles * run.otile_weights
    return {
        **descriptor_of(run, otiles=plan.otiles).values(),
        "first_otile": run.otiles.start,
        "end_otile": run.otiles.stop,
        "otiles_per_job": run.otiles_per_job,
        "oc": plan.shape.oc,
        "act_files": act_files,
        "act_words": dataflow.sample_words(plan) // act_files,
        "weight_words": all_weights if run.is_packed else dataflow.weight_file_words(plan),
        "act_bits": run.act_bits,
        "weight_bits": run.bundle.weight_format.bits,
        "is_packed": int(run.is_packed),
    }


def descriptor_of(run: BenchRun, *, otiles: int) -> LayerDescriptor:
    """The descriptor of a job of `otiles` output tiles."""
    plan, execution = run.plan, run.execution
    dataflow, schedule = plan.dataflow, execution.schedule
    return LayerDescriptor.of(
        plan.shape,
        dataflow.name,
        itiles=plan.itiles,
        otiles=otiles,
        **dataflow.counts(plan),
        schedule=replace(schedule, is_skipping=schedule.is_skipping and dataflow.is_skipping),
        saturate=execution.rule.overflow == "saturate",
        output=execution.output,
    )


def _files(run: BenchRun) -> Iterator[str]:
    """Names in the order in which the bench opens them."""
    bundle, plan = run.bundle, run.plan
    names = {(file.kind, *sorted(file.indices.items())): file.name for file in bundle.files}

    def find(kind: str, **indices: int) -> str:
        name = names.get((kind, *sorted(indices.items())))
        if name is None:
            place = "".join(f" {key}={value}" for key, value in indices.items())
            raise FormatError(
                f"{bundle.folder} must list a file of kind {kind}{place}: export again"
            )
        return name

    yield find("psum")
    yield find("output")
    if run.is_packed:
        yield from (find("activation"), find("weight"))
        return
    for indices in plan.dataflow.act_files(plan):
        yield find("activation", **indices)
    for indices in plan.dataflow.weight_files(plan, run.otiles):
        yield find("weight", **indices)
