"""What the testbench costs: cycles a second of the core under it, and alone in a loop of C++.

``python benchmarks/core_alone.py [--layer features.7] [--rounds 3] [--json]``

One layer of a packed network on an 8x8 array with 20-bit psums, under Verilator with the options of our
builds. Under the testbench its files are read, every word is loaded, judged and read back. Alone, the same
jobs run on memories that nobody wrote: the clock, and nothing else. Both must count the cycles of the model.
Seconds are processor seconds, those of the fastest of the rounds, which alternate; ``vs_alone`` is cycles
a second under the testbench over those alone. Only busy cycles count there; in ``all_vs_alone`` those count
too in which the testbench writes words into the idle core and reads them back.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

from rtl import Clock, image, write_layer
from tilewright.cores import Setup
from tilewright.cores.build_cost import standard, wires_apart
from tilewright.cores.run import Builder, read_sources
from tilewright.cores.run_list import BenchRun, descriptor_of, parameters
from tilewright.cores.simulator import Verilator
from tilewright.engine import Engine
from tilewright.rtl import is_bench
from tilewright.sim import layer_cycles
from tilewright.spec import IntegerLayer, PackedNetwork
from tilewright.vectors import load_layout, read_bundle

TOP = """
module alone import tw_pkg::*; #(
    parameter int Rows = 8, Cols = 8, ActBits = 4, WeightBits = 4, ColumnBits = 16, PsumBits = 16,
    parameter int XmemAddrBits = 14, WmemAddrBits = 14, PmemAddrBits = 10, ActSigned = 0,
    localparam int WmemBits = ((Rows > Cols) ? Rows : Cols) * WeightBits
) (input clk, input rst_n, input start, input layer_t layer, input [3:0] ready, output done);
  layer_t layer_q;
  logic [3:0] ready_q;
  always @(posedge clk) {layer_q, ready_q} <= {layer, ready};
  tw_core #(Rows, Cols, ActBits, WeightBits, ColumnBits, PsumBits, XmemAddrBits, WmemAddrBits,
            PmemAddrBits, ActSigned) u_core (
      .clk_i(clk), .rst_ni(rst_n), .start_i(start), .busy_o(), .done_o(done), .fold_done_o(),
      .overflow_o(), .layer_i(layer_q), .xmem_we_i(1'b0), .xmem_addr_i('0), .xmem_data_i('0),
      .wmem_we_i(1'b0), .wmem_addr_i('0), .wmem_data_i('0), .pmem_addr_i('0), .pmem_data_o(),
      .xmem_ready_i(ready_q[0]), .wmem_ready_i(ready_q[1]), .pmem_ready_i(ready_q[2]),
      .out_ready_i(ready_q[3]), .out_valid_o(), .out_addr_o(), .out_psum_o(), .out_data_o());
endmodule
"""
"""Registers before the core, as in the testbench: Verilator looks at what depends on inputs twice a cycle."""

LOOP = """
#include <cstdio>
#include <cstdlib>
#include "Valone.h"
int main(int argc, char** argv) {
    Verilated::randReset(2);
    Valone core;
    const long jobs = atol(argv[1]);
    auto tick = [&] { core.clk = 1; core.eval(); core.clk = 0; core.eval(); };
    for (int word = 2; word < argc; ++word) core.layer[word - 2] = strtoul(argv[word], nullptr, 16);
    core.start = 0; core.ready = 15;
    core.rst_n = 0; core.clk = 0; core.eval(); tick(); tick();
    core.rst_n = 1; tick();
    long cycles = 0;
    for (long job = 0; job < jobs; ++job) {
        core.start = 1; tick(); core.start = 0;
        while (!core.done) { ++cycles; tick(); }
    }
    printf("%ld\\n", cycles);
}
"""


def build_alone(simulator: Verilator, run: BenchRun, folder: Path) -> Path:
    """The core without a testbench, in a loop."""
    sources = {name: text for name, text in read_sources().items() if not is_bench(Path(name))}
    for name, text in {**sources, "alone.sv": TOP.encode(), "main.cpp": LOOP.encode()}.items():
        (folder / name).write_bytes(text)
    options = [word for word in simulator.options if word != "--timing"]
    command = [
        str(simulator.root / "bin" / "verilator_bin"),
        *(
            "--no-timing",
            "-Wno-fatal",
            "--top-module",
            "alone",
            *options,
        ),
        *(f"-G{name}={value}" for name, value in parameters([run]).items()),
        *("--Mdir", "objects", "-o", "../alone", *wires_apart(list(sources), folder)),
        *(*sources, "alone.sv", "main.cpp"),
    ]
    own = {
        **os.environ,
        "VERILATOR_ROOT": str(simulator.root),
        "CXXFLAGS": standard(simulator.compiler),
    }
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=own)
    return folder / "alone"


def run_alone(program: Path, run: BenchRun) -> int:
    """Cycles of all jobs of the layer."""
    descriptor = descriptor_of(run, otiles=run.otiles_per_job)
    count = -(-sum(descriptor.widths().values()) // 32)
    words = [f"{descriptor.word >> 32 * index & 0xFFFFFFFF:x}" for index in range(count)]
    jobs = len(run.otiles) // run.otiles_per_job
    done = subprocess.run(
        [str(program), str(jobs), *words], check=True, stdout=subprocess.PIPE, text=True
    )
    return int(done.stdout)


def idle_cycles(run: BenchRun) -> int:
    """Cycles in which a word is written or read while the core is idle; start and reset are left out."""
    plan = run.plan
    return plan.dataflow.sample_words(plan) + len(run.otiles) * (
        run.otile_weights + plan.shape.onij
    )


def main() -> None:
    """Measure, print a line, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", type=Path, default=Path("models/vgg16-choke8-w4a4"))
    parser.add_argument("--layer", default="features.7")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    arguments = parser.parse_args()
    network = PackedNetwork.load(arguments.network.absolute()).network
    trace = Engine(network).trace(image(network))
    (layer,) = [
        node
        for node in network.nodes
        if isinstance(node, IntegerLayer) and node.name == arguments.layer
    ]
    fastest = {"bench": float("inf"), "alone": float("inf")}
    with tempfile.TemporaryDirectory() as scratch:
        folder, apart = Path(scratch) / "bundle", Path(scratch) / "core"
        apart.mkdir()
        write_layer(
            Clock(), layer, trace.codes[layer.name][0], folder, load_layout("ece284-ws-packed")
        )
        run = BenchRun(read_bundle(folder), Setup())
        simulator = Verilator.find()
        builder = Builder(simulator, read_sources(), Path(scratch) / "cache", 3600)
        program, alone = builder.program([run]), build_alone(simulator, run, apart)
        for _ in range(arguments.rounds):
            clock = Clock()
            (said,) = clock.timed("bench", builder.simulate)(program, [run])
            cycles = clock.timed("alone", run_alone)(alone, run)
            assert said.counts["psum_mismatches"] == 0
            busy = sum(int(job["cycles"]) for job in said.jobs)
            assert cycles == busy == layer_cycles(run.execution), (cycles, busy)
            fastest = {name: min(fastest[name], clock.seconds[name]) for name in fastest}
    rates = {f"{name}_cycles_per_s": cycles / seconds for name, seconds in fastest.items()}
    facts = {"layer": layer.name, "cycles": cycles, **rates}
    facts["vs_alone"] = fastest["alone"] / fastest["bench"]
    facts["all_vs_alone"] = facts["vs_alone"] * (cycles + idle_cycles(run)) / cycles
    if not arguments.json:
        print(
            f"{layer.name}: {cycles:,} cycles, {rates['bench_cycles_per_s']:,.0f} a second under the "
            f"testbench, {rates['alone_cycles_per_s']:,.0f} alone: {facts['vs_alone']:.2f}x "
            f"({facts['all_vs_alone']:.2f}x with the cycles in which words are written and read)"
        )
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
