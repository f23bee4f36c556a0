"""A core with our ports in a folder as somebody else would have it: exact, and wrong where its files are."""

from __future__ import annotations

import pytest

from tests.rtl.layers import Case, require_simulator, write_random
from tilewright.cores import run_bundle
from tilewright.corners import VectorSet
from tilewright.mutation import compiled_branches, mutants_in, read_core
from tilewright.mutation.trial import Bench
from tilewright.prove.array import ArrayJob
from tilewright.prove.our_rtl import prove_array, read_module
from tilewright.rtl import RTL_DIR, is_bench
from tilewright.spec import ArrayShape, ConvShape

CASE = Case(ConvShape(2, 3, 3, 2, 2, 2), ArrayShape(2, 2, 16))
PLACES = {"tw_core.sv": "my_core.v", "tw_pe.sv": "pe/tw_pe.SV", "tw_pkg.sv": "types/tw_pkg.sv"}
ROM = "".join(f"{number:x}\n" for number in range(16))
CHANGES = {
    "tw_pe.sv": [
        (
            "module tw_pe #(",
            '`include "half.svh"\n`timescale 1us / 1ns\nmodule tw_pe import zz_types::*; #(',
        ),
        ("(ActBits + 1) / 2", "`HALF(ActBits)"),
        ("  localparam int LowBits", "  table_t rom;\n  localparam int LowBits"),
        (
            "  // The weights of",
            '  initial $readmemh("../data/same.hex", rom);\n  // The weights of',
        ),
        ("first_i ? shadow_low_q :", "first_i ? rom[shadow_low_q] :"),
    ]
}
OTHERS = {
    "include/half.svh": "`define HALF(x) (((x) + 1) / 2)\n",
    "zz_types.sv": "package zz_types;\n  typedef logic [3:0] table_t [16];\nendpackage\n",
    "data/same.hex": ROM,
    "bench/test.sv": '`include "uvm_macros.svh"\nmodule test; initial begin #1 $finish; end endmodule\n',
    "old/.keep": "",
}


@pytest.fixture
def folder(tmp_path):
    """Our core, in folders of its own, with packages, headers, a table and a testbench of somebody's."""
    for path in RTL_DIR.glob("*.sv"):
        if not is_bench(path):
            text = path.read_text(encoding="utf-8")
            for old, new in CHANGES.get(path.name, ()):
                assert text.count(old) == 1, old
                text = text.replace(old, new)
            _write(tmp_path / "core" / PLACES.get(path.name, f"rtl/{path.name}"), text)
    for name, text in OTHERS.items():
        _write(tmp_path / "core" / name, text)
    return tmp_path / "core"


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("// Größe\n".encode("latin-1") * (path.suffix == ".v") + text.encode())


@pytest.mark.rtl
@pytest.mark.parametrize("runs", [1, 2])
def test_the_core_is_exact_and_reads_its_table(folder, tmp_path, runs):
    require_simulator("icarus")
    bundle = write_random(tmp_path / "bundle", CASE).folder

    def result():
        return run_bundle(
            bundle,
            setup=CASE.setup,
            simulator="icarus",
            rtl_dir=folder,
            cache_dir=tmp_path / "cache",
            processes=runs,
        )

    assert result().is_exact
    (folder / "data" / "same.hex").write_text("0\n" * 16)
    assert not result().is_exact


@pytest.mark.rtl
def test_its_mutants_are_built_and_noticed(folder, tmp_path):
    require_simulator("icarus")
    sets = [VectorSet("given", "", (write_random(tmp_path / "bundle", CASE).folder,), CASE.setup)]
    bench = Bench.prepare(folder, sets, simulator="icarus", timeout_s=60)
    mutants = mutants_in(read_core(folder))
    assert {one.file for one in mutants} >= {"my_core.v", "tw_pe.SV", "tw_array.sv"}
    planted = next(one for one in mutants if "low * ProductBits" in one.before and "+" in one.after)
    assert bench.try_mutant(planted, sets).status == "killed"


@pytest.mark.rtl
def test_what_is_compiled_under_ifdef_is_seen_and_changed(folder, tmp_path):
    require_simulator("icarus")
    path, line = folder / PLACES["tw_pe.sv"], "  assign sum   = base + SumBits'(product);\n"
    text = path.read_text()
    assert line in text
    vendor = f"`ifdef VENDOR\n  dsp u_dsp (.a(base + product), .p(sum));\n`else\n{line}`endif\n"
    path.write_text(text.replace(line, vendor))
    sets = [VectorSet("given", "", (write_random(tmp_path / "bundle", CASE).folder,), CASE.setup)]
    bench, said = Bench.prepare(folder, sets, simulator="icarus", timeout_s=60), []
    compiled = compiled_branches(bench, sets, said.append)
    assert said == [
        "1 of 2 parts under `ifdef and `else are compiled; the others are left as they are"
    ]
    found, bare = (
        {one.before for one in mutants_in(bench.sources, compiled)},
        " ".join(line.split()),
    )
    assert bare in found
    assert not any("u_dsp" in one for one in found)
    assert bare not in {one.before for one in mutants_in(bench.sources)}
    assert not any("was_busy_q" in one for one in found)


def test_its_array_is_proved_with_the_table_as_it_is(folder):
    pytest.importorskip("pyosys")
    job = ArrayJob(rows=2, cols=2, vectors=2, folds=1)
    assert prove_array(read_module(folder, "tw_array"), job, confirms=False).answer == "proved"
    (folder / "data" / "same.hex").write_text("0\n" * 16)
    assert prove_array(read_module(folder, "tw_array"), job, confirms=False).answer == "refuted"
