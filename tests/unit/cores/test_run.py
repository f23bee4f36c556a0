"""From a bundle to a verdict, without a simulator."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.naive import convolve
from tests.rtl.layers import Case, random_tensors, write_random
from tests.unit.cores.fakes import FakeSimulator
from tilewright.cores import (
    CosimResult,
    Fault,
    LaneMismatch,
    OverflowVector,
    Setup,
    run_bundle,
    run_bundles,
)
from tilewright.cores.result import merge
from tilewright.cores.run import read_sources
from tilewright.cores.run_list import (
    BenchRun,
    check_runnable,
    memories,
    parameters,
    run_list,
)
from tilewright.cores.simulator import Icarus
from tilewright.errors import (
    ConfigError,
    FormatError,
    ShapeError,
    SimulationError,
    ToolError,
)
from tilewright.rtl import RTL_DIR
from tilewright.spec import ArrayShape, ConvShape, NumberFormat, Schedule
from tilewright.vectors import Bundle, load_layout

CASE = Case(ConvShape(3, 2, 3, 4, 1, 2, stride=(2, 1), padding=(1, 0)), ArrayShape(2, 3, 16))
COUNTS = (
    "layer psums={0} psum_mismatches={1} outputs={0} output_mismatches={2} "
    "stored_mismatches=0 unused_mismatches={2} overflows={3} faults=0"
)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """ofmap 4 x 2 x 2 from a padded plane 4 x 3, two tiles each way, two taps."""
    return write_random(tmp_path / "bundle", CASE)


def run_fake(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, lines: list[str], cache: Path
) -> CosimResult:
    """Run with a simulator that records `lines` and a summary."""
    script = "for word; do case $word in +record=*) to=${word#*=};; +nonce=*) by=${word#*=}; esac; done\n"
    lines = [*lines, f"summary layers=1 lines={len(lines)}"]
    script += "".join(f'echo "$by {line}" >>"$to"\n' for line in lines)
    monkeypatch.setattr("tilewright.cores.run.find_simulator", lambda _: FakeSimulator(script))
    return run_bundle(bundle.folder, cache_dir=cache)


@pytest.mark.parametrize(
    ("name", "array", "used"),
    [
        ("auto", ArrayShape(64, 64, 16), "auto"),
        ("auto", ArrayShape(64, 65, 16), "icarus"),
        ("verilator", ArrayShape(64, 65, 16), "verilator"),
    ],
)
def test_auto_has_no_array_compiled_that_takes_too_long(
    name: str, array: ArrayShape, used: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = write_random(tmp_path / "bundle", replace(CASE, array=array))
    chosen: list[str] = []

    def stop(name: str) -> None:
        chosen.append(name)
        raise ToolError("stop")

    monkeypatch.setattr("tilewright.cores.run.find_simulator", stop)
    monkeypatch.setattr("tilewright.cores.simulator.find_simulators", lambda: (Icarus("11.0"),))
    for start in (
        partial(run_bundle, bundle.folder),
        partial(run_bundles, [(bundle.folder, Setup())]),
    ):
        with pytest.raises(ToolError, match="stop"):
            start(simulator=name)
    assert chosen == [used, used]


def test_run_list_has_everything_in_the_order_of_reading(bundle: Bundle) -> None:
    head = """rows 2
cols 3
column_bits 16
psum_bits 16
act_signed 0
layers 1
dataflow 0
is_overlapped 0
is_skipping 0
saturate 0
output_function 0
leak 0
padded_h 4
padded_w 3
kh 1
kw 2
stride_h 2
stride_w 1
oh 2
ow 2
itiles 2
otiles 2
steps 1
passes 1
plane 12
line 6
onij 4
first_otile 0
end_otile 2
otiles_per_job 1
oc 4
act_files 2
act_words 12
weight_words 3
act_bits 4
weight_bits 4
is_packed 0
file psum.txt
file out.txt
file activation_tile0.txt
file activation_tile1.txt
file weight_itile0_otile0_kij0.txt
file weight_itile0_otile0_kij1.txt
file weight_itile1_otile0_kij0.txt
file weight_itile1_otile0_kij1.txt
file weight_itile0_otile1_kij0.txt
"""
    text = run_list([BenchRun(bundle, Setup())])
    assert text.startswith(head)
    assert len(text.splitlines()) == 6 + 31 + 4 + 8


def test_memories_grow_only_for_a_layer_that_needs_it(bundle: Bundle) -> None:
    usual = {"XmemAddrBits": 14, "WmemAddrBits": 14, "PmemAddrBits": 10}
    core = {"Rows": 2, "Cols": 3, "ActBits": 4, "WeightBits": 4, "ColumnBits": 16, "PsumBits": 16}
    core["ActSigned"] = 0
    assert parameters([BenchRun(bundle, Setup())]) == core | usual
    plane = replace(bundle, shape=ConvShape(4, 100, 100, 4, 1, 1))  # 2 tiles of 10,000 words
    assert parameters([BenchRun(plane, Setup())]) == core | {
        "XmemAddrBits": 15,
        "WmemAddrBits": 14,
        "PmemAddrBits": 14,
    }


def test_one_build_holds_the_largest_of_several_layers(bundle: Bundle) -> None:
    small = BenchRun(bundle, Setup())
    plane = BenchRun(replace(bundle, shape=ConvShape(4, 100, 100, 4, 1, 1)), Setup())
    least = memories([small], memories([plane]))
    assert least == {"XmemAddrBits": 15, "WmemAddrBits": 14, "PmemAddrBits": 14}
    assert parameters([small], least) == parameters([plane]) == parameters([small, plane])
    assert parameters([small]) != parameters([plane])


def test_bundle_of_another_layout_is_refused(bundle: Bundle) -> None:
    other = replace(bundle, layout=load_layout("ece284-unpadded"))
    message = (
        r"^the RTL testbench reads layout ece284-ws, ece284-2b, ece284-os, but .* has layout "
        r"ece284-unpadded: export"
    )
    with pytest.raises(FormatError, match=message):
        check_runnable(BenchRun(other, Setup()))


def test_bundle_that_the_core_cannot_hold_is_refused(bundle: Bundle) -> None:
    narrow = replace(bundle, act_format=NumberFormat(1, is_signed=False))
    with pytest.raises(
        FormatError, match=r"^a code of the RTL core has at least 2 bits, but .* u1"
    ):
        check_runnable(BenchRun(narrow, Setup()))
    large = replace(bundle, shape=ConvShape(1, 9_000, 9_000, 4, 1, 1))
    with pytest.raises(ShapeError, match=r"at most 2\^24 words, but XmemAddrBits must be 27"):
        check_runnable(BenchRun(large, Setup()))


def test_words_of_all_modes(tmp_path: Path) -> None:
    """ic 3, onij 4, oc 4 on 2 rows and 3 cols: one tile of 4 lanes; or 2 passes of 6 steps."""
    half = write_random(tmp_path / "half", replace(CASE, act_bits=2, mode="simd"))
    lines = run_list([BenchRun(half, Setup(schedule=Schedule(is_overlapped=True)))]).splitlines()
    assert {"act_bits 4", "dataflow 1", "is_overlapped 1", "itiles 1", "weight_words 6"} <= {*lines}
    os_case = replace(CASE, shape=replace(CASE.shape, stride=(1, 1)), mode="os")
    os = write_random(tmp_path / "os", os_case)
    whole = BenchRun(os, Setup(schedule=Schedule(is_skipping=True, is_whole_layer=True)))
    lines = run_list([whole]).splitlines()
    assert {"dataflow 2", "is_skipping 0", "otiles_per_job 2", "act_files 1"} <= {*lines}
    assert {"steps 6", "passes 4", "act_words 24", "weight_words 12"} <= {*lines}
    assert lines[-2:] == ["file activation.txt", "file weight.txt"]


def test_a_part_has_the_weights_and_the_values_of_its_output_tiles(bundle: Bundle) -> None:
    """Output tile 1 of 2 has one channel of 4 pixels."""
    part = BenchRun(bundle, Setup(), range(1, 2))
    lines = run_list([part]).splitlines()
    assert {"otiles 2", "first_otile 1", "end_otile 2", "otiles_per_job 1"} <= {*lines}
    assert [line for line in lines if "weight_itile" in line] == [
        f"file weight_itile{itile}_otile1_kij{kij}.txt" for itile in (0, 1) for kij in (0, 1)
    ]
    assert (part.values, BenchRun(bundle, Setup()).values) == (4, 16)


def test_a_setup_that_the_bench_cannot_take_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^a stall level is 0\.\.255 \(of 256\), not 256$"):
        Setup(stall_level=256)
    with pytest.raises(ConfigError, match=r"^a stall seed is 1\.\.2\^31 - 1, not 0$"):
        Setup(stall_seed=0)
    with pytest.raises(ConfigError, match=r"^a reset comes after 1\.\.2\^31 - 1 cycles, not -1$"):
        Setup(reset_at=-1)


def test_two_wide_activations_do_not_fit_a_pe(bundle: Bundle) -> None:
    wide = replace(
        bundle, act_format=NumberFormat(5, is_signed=False), layout=load_layout("ece284-2b")
    )
    message = r"^two activations in a PE must have at most 8 bits together, but .* u5"
    with pytest.raises(FormatError, match=message):
        check_runnable(BenchRun(wide, Setup()))


def test_missing_file_is_named(bundle: Bundle) -> None:
    files = tuple(file for file in bundle.files if file.name != "weight_itile1_otile0_kij1.txt")
    message = r"must list a file of kind weight itile=1 otile=0 kij=1: export"
    with pytest.raises(FormatError, match=message):
        run_list([BenchRun(replace(bundle, files=files), Setup())])


def test_bench_lines_become_a_located_verdict(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Output tile 1 has one channel, oc 3, in lane 0; onij 3 is (1, 1); 1011 is -5, 0110 is 6."""
    lines = [
        "fold otile=1 itile=0 kij=1 cycles=23",
        "fold otile=9 itile=0 kij=0 cycles=1",
        "mismatch what=psum otile=1 onij=3 col=0 expected=1011 actual=0110 time=40",
        "mismatch what=stored otile=1 onij=2 col=2 expected=0000 actual=00x0 time=50",
        "mismatch what=output otile=0 onij=0 col=1 expected=0001 actual=missing time=60",
        "job otile=0 cycles=92",
        "overflow otile=1 itile=1 kij=0 onij=2 pe=1 pmem=1",
        "job otile=1 cycles=93",
        COUNTS.format(16, 1, 1, 1),
    ]
    result = run_fake(bundle, monkeypatch, lines, tmp_path / "cache")
    assert result.mismatches == (
        LaneMismatch("psum", 3, 1, 1, 1, 3, 0, expected=-5, actual=6, time_ns=40),
        LaneMismatch("stored", None, 1, 0, 1, 2, 2, expected=0, actual="00x0", time_ns=50),
        LaneMismatch("output", 1, 0, 0, 0, 0, 1, expected=1, actual="missing", time_ns=60),
    )
    assert str(result.mismatches[1]) == (
        "stored at (unused lane, oh=1, ow=0), that is otile=1 onij=2 col=2: "
        "expected 0, RTL has 00x0"
    )
    assert (result.simulator, result.version) == ("fake", "1.0")
    assert (result.layer_name, result.sample) == ("conv", 7)
    assert (result.cycles, result.psums_compared, result.unused_lane_mismatches) == (185, 16, 1)
    assert result.fold_cycles.tolist() == [[[0, 0], [0, 0]], [[0, 23], [0, 0]]]
    assert result.overflows == (OverflowVector(1, 1, 0, 2, in_column=True, in_pmem=True),)
    assert str(result.overflows[0]) == (
        "a psum does not fit in a PE column and in PMEM (otile=1, itile=1, kij=0, onij=2)"
    )
    assert not result.is_exact


def test_too_few_compared_values_are_an_error(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """4 oc x 2 oh x 2 ow must be compared, so 15 prove nothing."""
    message = "^the testbench must run 2 jobs and compare 16 psums and outputs of layer conv, but"
    lines = ["job otile=0 cycles=1", "job otile=1 cycles=1", COUNTS.format(15, 0, 0, 0)]
    with pytest.raises(ToolError, match=message):
        run_fake(bundle, monkeypatch, lines, tmp_path / "cache")


@pytest.mark.parametrize(
    "line",
    [
        "overflow otile=x itile=1 kij=0 onij=2 pe=1 pmem=1",
        "fold otile=0 itile=x kij=0 cycles=2",
        "mismatch what=psum otile=x onij=3 col=0 expected=1011 actual=0110 time=40",
        "job otile=0 cycles=x",
    ],
)
def test_counters_that_are_unknown_break_the_simulation_off(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    jobs = [f"job otile={number} cycles=1" for number in range(2 - line.startswith("job"))]
    counts = int(line.startswith("mismatch")), 0, int(line.startswith("overflow"))
    lines = [line, *jobs, COUNTS.format(16, *counts)]
    with pytest.raises(
        SimulationError, match=r"^the core's counters must be known numbers, but are .*=x"
    ):
        run_fake(bundle, monkeypatch, lines, tmp_path / "cache")


def test_hanging_simulation_is_a_tool_error(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "tilewright.cores.run.find_simulator", lambda _: FakeSimulator("sleep 60\n")
    )
    with pytest.raises(ToolError, match=r"must end within 0\.3 s, but did not"):
        run_bundle(bundle.folder, cache_dir=tmp_path / "cache", timeout_s=0.3)


OWN_CORE = (RTL_DIR / "tw_core.sv").read_text().partition("\n  tw_engine")[0] + "\nendmodule\n"
"""Our ports, and nothing behind them."""


def test_core_from_a_folder_keeps_our_bench(tmp_path: Path) -> None:
    (tmp_path / "tw_core.sv").write_text(OWN_CORE)
    (tmp_path / "tw_core_tb.sv").write_text("module tw_core_tb; endmodule  // an easier judge")
    sources = read_sources(tmp_path)
    bench = ["tw_core_tb.cpp", "tw_core_tb.sv", "tw_tb_files.sv", "tw_tb_host.sv", "tw_tb_judge.sv"]
    assert list(sources) == ["tw_pkg.sv", *bench, "tw_core.sv"]
    assert sources["tw_core.sv"] == OWN_CORE.encode()
    assert sources["tw_core_tb.sv"] == read_sources()["tw_core_tb.sv"]


def test_core_may_be_verilog_with_headers(tmp_path: Path) -> None:
    (tmp_path / "tw_core.v").write_text(OWN_CORE)
    for name in ("sizes.vh", "types.svh", "notes.txt"):
        (tmp_path / name).write_text(name)
    assert list(read_sources(tmp_path))[-3:] == ["tw_core.v", "sizes.vh", "types.svh"]


def test_a_package_of_the_core_takes_the_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "types.sv").write_text("package other; endpackage\npackage tw_pkg; endpackage\n")
    (tmp_path / "tw_core.sv").write_text(OWN_CORE)
    sources = read_sources(tmp_path)
    assert next(iter(sources)) == "types.sv"
    assert "tw_pkg.sv" not in sources


VHDL = "entity tw_core is\nend entity;\n"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {},
            r"must hold the core to simulate, module tw_core in Verilog, but it does not; a core with",
        ),
        (
            {"a.v": "module array(input clk); endmodule"},
            "but it does not; a core with ports of its own is",
        ),
        ({"core.vhd": VHDL}, r"but holds VHDL \(core\.vhd\)"),
        (
            {"tw_core.v": "module tw_core(input clk, input [7:0] x, output y); endmodule"},
            "must have the ports of ours .*, but has no clk_i; a core with ports of its own is run by",
        ),
        (
            {
                "tw_core.sv": f"{OWN_CORE}\nmodule rest;\n  tw_pe u (clk);\nendmodule",
                "pe.vhd": "entity TW_PE is",
            },
            r"must be Verilog alone, but pe\.vhd is VHDL",
        ),
        (
            {"tw_core.sv": OWN_CORE, "core.sv": OWN_CORE},
            r"tw_core must be defined once, but core\.sv and tw_core\.sv both define it",
        ),
    ],
)
def test_folders_without_a_core_are_refused(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(ToolError, match=message):
        read_sources(tmp_path)


EXACT = CosimResult(
    simulator="fake",
    version="1.0",
    layer_name="conv",
    sample=0,
    tiles=1,
    fold_cycles=np.array([[[15]]]),
    cycles=15,
    psums_compared=1,
    psum_mismatches=0,
    outputs_compared=1,
    output_mismatches=0,
    stored_mismatches=0,
    unused_lane_mismatches=0,
    mismatches=(),
    overflow_vectors=0,
    overflows=(),
    is_overflow_wrong=True,
    faults=(),
    seconds=0.0,
)


def test_exact_means_without_any_fault() -> None:
    assert EXACT.is_exact
    for count in ("psum", "output", "stored", "unused_lane"):
        assert not replace(EXACT, **{f"{count}_mismatches": 1}).is_exact
    assert not replace(EXACT, faults=(Fault(0, 7, "the job did not end"),)).is_exact
    assert not replace(EXACT, overflow_vectors=1).is_exact
    assert replace(EXACT, overflow_vectors=1, is_overflow_wrong=False).is_exact
    assert not replace(EXACT, psums_compared=0).is_exact
    assert not replace(EXACT, outputs_compared=0).is_exact


COUNTED = (
    *("tiles", "cycles", "psums_compared", "psum_mismatches", "outputs_compared"),
    *("output_mismatches", "stored_mismatches", "unused_lane_mismatches", "overflow_vectors"),
)
LISTED = ("mismatches", "overflows", "faults")
ALIKE = ("simulator", "version", "layer_name", "sample", "is_overflow_wrong")
MISMATCH = LaneMismatch("psum", 1, 0, 0, 1, 0, 0, expected=1, actual=2, time_ns=3)
OVERFLOW = OverflowVector(1, 0, 0, 0, in_column=True, in_pmem=False)
SECOND = replace(
    EXACT,
    **{name: 100 + number for number, name in enumerate(COUNTED)},
    fold_cycles=np.array([[[4]]]),
    mismatches=(MISMATCH,),
    overflows=(OVERFLOW,),
    faults=(Fault(1, 7, "the job did not end"),),
)


def test_merged_parts_lose_nothing_of_the_second() -> None:
    """A wrong number, a fault or a stray lane of any part is one of the whole."""
    merged = merge([EXACT, SECOND], seconds=2.5)
    for name in COUNTED:
        assert getattr(merged, name) == getattr(EXACT, name) + getattr(SECOND, name), name
    for name in LISTED:
        assert getattr(merged, name) == getattr(SECOND, name), name
    for name in ALIKE:
        assert getattr(merged, name) == getattr(EXACT, name), name
    assert merged.fold_cycles.tolist() == [[[19]]]
    assert merged.seconds == 2.5
    names = {field.name for field in fields(CosimResult)}
    assert names == {*COUNTED, *LISTED, *ALIKE, "fold_cycles", "seconds"}


@pytest.mark.parametrize(
    "change",
    [
        {"faults": (Fault(1, 7, "the job did not end"),)},
        {"unused_lane_mismatches": 1},
        {"stored_mismatches": 1},
        {"psum_mismatches": 1},
        {"output_mismatches": 1},
        {"overflow_vectors": 1},
    ],
)
def test_a_wrong_part_makes_the_whole_wrong(change: dict[str, object]) -> None:
    assert merge([EXACT, EXACT], seconds=0.0).is_exact
    assert not merge([EXACT, replace(EXACT, **change)], seconds=0.0).is_exact
    assert not merge([replace(EXACT, **change), EXACT], seconds=0.0).is_exact


def test_the_first_wrong_output_tile_is_the_lowest_that_anything_names() -> None:
    assert EXACT.first_wrong_otile == 0
    late, early = Fault(5, 7, "the job did not end"), Fault(3, 9, "the job did not end")
    assert replace(EXACT, faults=(late, early)).first_wrong_otile == 3
    assert replace(EXACT, faults=(late,), overflows=(OVERFLOW,)).first_wrong_otile == 1
    assert replace(EXACT, faults=(late,), mismatches=(MISMATCH,)).first_wrong_otile == 1


def test_naive_convolution_by_hand() -> None:
    """The expected values of the RTL tests: x = 1 2 / 3 4, w = 1 -1 over a row: -1 and -1."""
    case = Case(ConvShape(1, 2, 2, 1, 1, 2), ArrayShape(1, 1, 8))
    codes, weight = np.array([[[1, 2], [3, 4]]]), np.array([[[[1, -1]]]])
    assert convolve(weight, codes, case.shape).tolist() == [[[-1], [-1]]]
    codes, weight = random_tensors(case, 0)
    assert codes.shape == (1, 2, 2)
    assert weight.shape == (1, 1, 1, 2)


def test_a_testbench_beside_a_core_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "tw_core.sv").write_text(OWN_CORE)
    (tmp_path / "test.sv").write_text('`include "uvm.svh"\nmodule test; tw_core dut (); endmodule')
    assert "test.sv" not in read_sources(tmp_path)
