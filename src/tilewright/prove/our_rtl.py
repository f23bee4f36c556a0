"""Proofs of our array and of our whole core, from their sources on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tilewright.cores.run_list import BenchRun, parameters
from tilewright.cores.setup import Setup
from tilewright.errors import ToolError, counted
from tilewright.prove.algebra import Algebra
from tilewright.prove.array import ArrayClaim, ArrayJob
from tilewright.prove.certificate import write_certificate
from tilewright.prove.collection import uncollected
from tilewright.prove.confirm import Confirmation
from tilewright.prove.elaborate import elaborate, elaborate_json, parse
from tilewright.prove.layer_claim import LayerClaim, LayerJob
from tilewright.prove.netlist import Netlist
from tilewright.prove.netlist_reader import read_netlist
from tilewright.prove.proof import Prover
from tilewright.prove.verdict import PROVED, Verdict
from tilewright.prove.words import Words
from tilewright.rtl import PACKAGE, RTL_DIR
from tilewright.spec import Schedule
from tilewright.vectors import read_bundle
from tilewright.verilog.source_files import find_vhdl, needed, read_source

ARRAY_FILES = ("tw_pe.sv", "tw_array.sv")
CORE_FILES = (
    *(
        PACKAGE,
        "tw_pe.sv",
        "tw_array.sv",
        "tw_axis.sv",
        "tw_fifo.sv",
        "tw_l0.sv",
        "tw_ofifo.sv",
        "tw_controller.sv",
    ),
    *("tw_window.sv", "tw_tracker.sv", "tw_sfu.sv", "tw_engine.sv", "tw_sram.sv", "tw_core.sv"),
)


def read_sources(files: tuple[str, ...] = ARRAY_FILES) -> dict[str, str]:
    """Our sources: file names to contents."""
    return {file: read_source(RTL_DIR / file) for file in files}


def read_module(folder: Path, top: str) -> dict[str, str]:
    """The sources in a folder and below that module `top` needs; raises `ToolError` if it is not there."""
    files = needed(folder, (top,))
    if not files:
        vhdl = find_vhdl(folder)
        seen = f", and {vhdl.name} is VHDL" if vhdl else ""
        raise ToolError(
            f"{folder} must hold module {top} in Verilog, with the ports of ours, but does not{seen}: an "
            "array with ports of its own is proved with --rtl, --streams and --vcd"
        )
    return files


def sources_of(top: str, folder: Path | None) -> dict[str, str]:
    """The sources of ``tw_array`` or ``tw_core``: ours, or those in a folder (`read_module`)."""
    if folder is not None:
        return read_module(folder, top)
    return read_sources(CORE_FILES if top == "tw_core" else ARRAY_FILES)


@uncollected()
def prove_array(
    sources: Mapping[str, str],
    job: ArrayJob,
    *,
    confirms: bool = True,
    certificate: Path | None = None,
) -> Verdict:
    """Whether module tw_array of `sources` computes a job for all inputs.

    confirms: run a killing input in a simulator. certificate: a folder for that of a proof. Raises what
    `elaborate` raises.
    """
    text = elaborate_json(sources, top="tw_array", parameters=job.parameters)
    netlist = read_netlist(parse(text))
    _expect_ports(netlist, job.ports)
    words = Words(Algebra(names_sums=job.psums_stay))
    confirm = Confirmation(netlist, sources, job.parameters) if confirms else None
    prover = Prover(netlist, ArrayClaim(job, words), words, confirm=confirm)
    verdict = prover.run()
    if certificate is not None and verdict.answer == PROVED:
        write_certificate(certificate, prover, verdict, netlist=text)
    return verdict


def _expect_ports(netlist: Netlist, ports: Mapping[str, int]) -> None:
    """Raise `ToolError` if a module has not these ports, each of so many bits."""
    for name, bits in ports.items():
        port = netlist.ports.get(name)
        if port is None or port.width != bits:
            found = f"has it with {counted(port.width, 'bit')}" if port else "has none of that name"
            raise ToolError(
                f"{netlist.name} must have a port {name} of {counted(bits, 'bit')}, but {found}: an array "
                "with ports of its own is proved with --rtl, --streams and --vcd"
            )


@uncollected()
def prove_layer(sources: Mapping[str, str], job: LayerJob, *, confirms: bool = True) -> Verdict:
    """Whether module tw_core of `sources`, with its memories, puts out a layer for all inputs.

    confirms: run a killing input in a simulator. Raises what `elaborate` raises.
    """
    netlist = elaborate(sources, top="tw_core", parameters=job.parameters)
    words = Words(Algebra())
    confirm = Confirmation(netlist, sources, job.parameters) if confirms else None
    return Prover(netlist, LayerClaim(job, words), words, confirm=confirm).run()


def bundle_job(folder: Path, *, is_overlapped: bool = True, stalls: int = 0) -> LayerJob:
    """The layer of a bundle as a job for our core, with any weights; its files' numbers play no part.

    Raises `FormatError` if the folder is no bundle of a layout of our core.
    """
    bundle = read_bundle(folder)
    setup = Setup(schedule=Schedule(is_overlapped=is_overlapped, is_whole_layer=True))
    run = BenchRun(bundle, setup)
    sizes = parameters([run])
    return LayerJob(
        run.execution,
        act_bits=bundle.act_format.bits,
        weight_bits=bundle.weight_format.bits,
        stalls=stalls,
        is_act_signed=bundle.act_format.is_signed,
        addresses={name: bits for name, bits in sizes.items() if name.endswith("AddrBits")},
    )
