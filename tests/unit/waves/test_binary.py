"""FST and GHW files: the same samples as the VCD of the same run, or as the source says; damage is named."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tilewright.errors import ConfigError, FormatError, ToolError
from tilewright.waves import Sampling, open_waves, read_recording, read_samples

pytest.importorskip("pywellen")

BENCH = """
`timescale 1ns/1ps
module dut(input clk, input signed [7:0] a, output reg [15:0] y, output reg odd);
  always @(posedge clk) begin y <= a * 3; odd <= a[0]; end
endmodule
module tb;
  reg clk = 0; reg signed [7:0] a; wire [15:0] y; wire odd; real level = 0.5;
  dut dut(clk, a, y, odd);
  always #5 clk = ~clk;
  initial begin
    $dumpfile("waves.out"); $dumpvars(0, tb);
    #12 a = 3; #10 a = -100; #10 a = 8'bz; #10 a = 8'b0000_1x1z; #10 a = 7; level = 1.5;
    #3 a = 8; #40 $finish;
  end
endmodule
"""
GHW = Path(__file__).with_name("counter.ghw")
SAMPLING = Sampling(("dut.y", "tb.a"), "tb.clk", address="tb.odd")


@pytest.fixture(scope="module")
def waves(tmp_path_factory):
    """One run, as VCD and as FST."""
    if shutil.which("iverilog") is None:
        pytest.skip("needs Icarus Verilog")
    folder = tmp_path_factory.mktemp("waves")
    (folder / "tb.sv").write_text(BENCH)
    subprocess.run(["iverilog", "-g2012", "-o", "sim", "tb.sv"], cwd=folder, check=True)
    for form in ("vcd", "fst"):
        command = ["vvp", "-n", "sim", *["-fst"] * (form == "fst")]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (folder / "waves.out").rename(folder / f"run.{form}")
    return folder


def test_fst_has_the_samples_of_the_vcd_of_the_same_run(waves):
    plain = read_samples(waves / "run.vcd", SAMPLING)
    packed = read_samples(waves / "run.fst", SAMPLING)
    assert packed == plain
    assert len(plain) == 10
    bits = "".join(sample.bits for sample in plain)
    assert set(bits) == set("01xz")


def test_fst_has_the_variables_of_the_vcd_and_neither_has_real_numbers(waves):
    plain, packed = (
        {(one.name, one.width) for one in open_waves(waves / f"run.{form}").variables}
        for form in ("vcd", "fst")
    )
    assert packed == plain
    assert "tb.level" not in {name for name, _ in plain}
    assert b"level" in (waves / "run.vcd").read_bytes()
    assert open_waves(waves / "run.fst").find("dut.clk").width == 1


def test_each_other_run_has_other_samples(waves, tmp_path):
    (tmp_path / "tb.sv").write_text(BENCH.replace("a * 3", "a * 5"))
    subprocess.run(["iverilog", "-g2012", "-o", "sim", "tb.sv"], cwd=tmp_path, check=True)
    run = ["vvp", "-n", "sim", "-fst"]
    subprocess.run(run, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert read_samples(tmp_path / "waves.out", SAMPLING) != read_samples(
        waves / "run.vcd", SAMPLING
    )


def test_ghw_holds_what_its_source_assigns():
    """counter.vhd: what cycle k assigns after its edge stands before that of cycle k + 1."""
    samples = read_samples(GHW, Sampling(("sum", "count"), "clk", address="valid"))
    expected = [("z" * 8 + "x" * 4, "0")]
    for cycle in range(9):
        total = f"{-3 * cycle & 0xFF:08b}"
        total = f"{total[:6]}x{total[7:]}" if cycle == 7 else total  # W
        expected.append((f"{total}{cycle:04b}", str((cycle + 1) % 2)))  # H and 0
    assert [(one.bits, one.address) for one in samples] == expected
    assert [one.time for one in samples] == [(5 + 10 * k) * 10**6 for k in range(10)]  # fs
    assert [one.cycle for one in samples] == list(range(10))


@pytest.mark.parametrize("size", [9, 40, 400])
def test_a_file_that_was_cut_off_is_named(tmp_path, size):
    path = tmp_path / "cut.ghw"
    path.write_bytes(GHW.read_bytes()[:size])
    with pytest.raises(FormatError, match=r"cut\.ghw must be a whole FST or GHW file, but cannot"):
        read_samples(path, Sampling(("sum",), "clk"))


def test_names_are_those_of_the_file():
    with pytest.raises(ConfigError, match=r"there is no variable 'total'; there is counter\.clk"):
        read_samples(GHW, Sampling(("total",), "clk"))


def test_a_recording_is_read_from_vcd_alone():
    with pytest.raises(FormatError, match=r"must be a VCD file, which says where it pauses"):
        read_recording(GHW, clock="clk", inputs=["count"], outputs=["sum"])


def test_without_the_library_its_name_is_said(monkeypatch):
    monkeypatch.setattr("tilewright.waves.binary.find_spec", lambda _: None)
    with pytest.raises(ToolError, match=r"pip install 'tilewright\[waves\]'"):
        open_waves(GHW)
