"""One run of a module: its ports before the edges; what makes a recording worthless is said by name."""

import shutil
import subprocess

import pytest

from tilewright.errors import ConfigError, FormatError
from tilewright.waves import Recording, read_recording

HEADER = """$timescale 1ns $end
$scope module tb $end
$var reg 1 ! clk $end
$scope module dut $end
$var wire 1 ! clk $end
$var wire 1 r rst $end
$var wire 4 d data [3:0] $end
$var reg 4 q out [3:0] $end
$scope module inner $end
$var wire 1 ! clk $end
$var wire 4 d data [3:0] $end
$upscope $end
$upscope $end
$upscope $end
$enddefinitions $end
"""
BODY = "#0 0! 1r bx d bx q #5 1! #6 0! 0r b101 d #15 1! b101 q #16 0! b1z d #25 1! b1x q"


def reading(tmp_path, body=BODY, header=HEADER, **changed):
    path = tmp_path / "run.vcd"
    path.write_text(header + body)
    options = {"clock": "clk", "inputs": ("rst", "data"), "outputs": ("out",)} | changed
    return read_recording(path, **options)


def test_ports_are_held_before_each_edge(tmp_path):
    assert reading(tmp_path) == Recording(
        clock="clk",
        times=(5, 15, 25),
        inputs={"rst": ("1", "0", "0"), "data": ("xxxx", "0101", "001z")},
        outputs={"out": ("xxxx", "xxxx", "0101")},
        restless={},
    )


def test_a_change_with_the_edge_comes_after_it(tmp_path):
    recording = reading(tmp_path, "#0 0! 1r b1 d #5 0r 1! b10 d #6 0! #15 b11 d 1!")
    assert recording.inputs == {"rst": ("1", "0"), "data": ("0001", "0010")}
    assert recording.restless == {}


def test_an_input_that_changes_twice_between_edges_is_named(tmp_path):
    recording = reading(tmp_path, "#0 0! 0r b1 d #5 1! #6 0! 1r #7 0r #8 1r b0 d #15 1!")
    assert recording.restless == {"rst": 7}
    assert recording.inputs["rst"] == ("0", "1")


def test_the_first_value_of_a_clock_is_no_edge(tmp_path):
    assert reading(tmp_path, "#0 1! 1r b1 d #5 0! #10 1!").times == (10,)


TWICE = HEADER.replace(
    "$enddefinitions",
    "$scope module other $end $var wire 1 ! clk $end $var wire 1 s rst $end $var wire 4 d data $end "
    "$var reg 4 q out $end $upscope $end $enddefinitions",
)


def test_the_instance_is_found_by_its_ports_or_by_its_name(tmp_path):
    assert reading(tmp_path).cycles == 3
    assert reading(tmp_path, header=TWICE, scope="tb.dut").cycles == 3
    with pytest.raises(
        ConfigError, match=r"one instance must have these ports, but other, tb\.dut do"
    ):
        reading(tmp_path, header=TWICE)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"clock": "ck"}, r"must have all ports, but tb\.dut, which has most, lacks ck: dump"),
        ({"inputs": ("rst", "valid", "data", "w")}, r"but tb\.dut, which has most, lacks valid, w: dump"),
        ({"scope": "top"}, r"there is no instance 'top'; there is tb, tb\.dut, tb\.dut\.inner"),
        ({"clock": "data", "inputs": ("rst",)}, r"data must be one bit wide, but has 4"),
    ],
)  # fmt: skip
def test_ports_that_are_not_there(tmp_path, changed, message):
    with pytest.raises(ConfigError, match=message):
        reading(tmp_path, **changed)


ELEMENTS = (
    "$var wire 4 u u[0] [3:0] $end $scope module v $end $var wire 4 v [0] [3:0] $end $upscope $end "
)


@pytest.mark.parametrize("port", ["u", "v"])
def test_a_port_that_is_an_array_is_said(tmp_path, port):
    """As Icarus Verilog names its elements, and as Verilator does."""
    header = HEADER.replace("$scope module inner", ELEMENTS + "$scope module inner")
    with pytest.raises(ConfigError, match=f"one vector, but {port} is an array: record a module"):
        reading(tmp_path, header=header, inputs=("rst", port))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("#0 0! 1r b1 d", r"clk must rise after time 0, but never does"),
        (BODY.replace("#0 ", "#3 "), r"must begin at time 0, but this one begins at 3: .*\$dumpvars"),
        (BODY + " #26 $dumpoff x! xr bx d bx q $end", r"must not pause, but this one has \$dumpoff"),
        (BODY + " #26 x!", r"clk must stay 0 or 1, but is x at time 26"),
        (BODY + " #26 b12 d", r"must be at most 4 digits"),
    ],
)  # fmt: skip
def test_a_run_that_is_no_recording(tmp_path, body, message):
    with pytest.raises(FormatError, match=message):
        reading(tmp_path, body)


@pytest.mark.parametrize("values", [("0",), ("0", "00")])
def test_a_recording_has_one_value_an_edge_all_as_wide(values):
    with pytest.raises(ConfigError, match=r"2 edges must have as many values of x, all as wide"):
        Recording("clk", (1, 2), {"x": values}, {}, {})


def test_the_nine_values_of_vhdl(tmp_path):
    """As GHDL 2.0 writes them: in vectors, and alone."""
    first = "#0 0! Ur bULHW d #5 1! #6 0! Hr bZ-10 d #15 1!"
    recording = reading(tmp_path, first + " #16 0! Lr #25 1! #26 0! Wr #35 1! #36 0! -r #45 1!")
    assert recording.inputs["rst"] == ("x", "1", "0", "x", "x")
    assert recording.inputs["data"][:2] == ("x01x", "zx10")


PLAYED = """library ieee; use ieee.std_logic_1164.all;
entity dut is port (clk, rst : in std_logic; data : in std_logic_vector(3 downto 0);
  q : out std_logic_vector(3 downto 0)); end;
architecture a of dut is begin
  process (clk) begin if rising_edge(clk) then q <= data; end if; end process;
end;
library ieee; use ieee.std_logic_1164.all;
entity tb is end;
architecture a of tb is
  signal clk : std_logic := '0'; signal rst : std_logic; signal data, q : std_logic_vector(3 downto 0);
begin
  dut : entity work.dut port map (clk, rst, data, q);
  process begin
    wait for 5 ns; clk <= '1'; wait for 5 ns; clk <= '0'; rst <= 'H'; data <= "1LH-";
    wait for 5 ns; clk <= '1'; wait for 5 ns; clk <= '0'; wait for 5 ns; clk <= '1'; wait for 1 ns; wait;
  end process;
end;
"""


def test_waves_of_ghdl(tmp_path):
    if shutil.which("ghdl") is None:
        pytest.skip("ghdl is not installed")
    (tmp_path / "tb.vhd").write_text(PLAYED)
    for words in (["-a", "tb.vhd"], ["-e", "tb"], ["-r", "tb", "--vcd=run.vcd"]):
        command = ["ghdl", words[0], "--std=08", *words[1:]]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    recording = read_recording(
        tmp_path / "run.vcd", clock="clk", inputs=("rst", "data"), outputs=("q",), scope="dut"
    )
    assert recording.inputs == {"rst": ("x", "1", "1"), "data": ("xxxx", "101x", "101x")}
    assert recording.outputs == {"q": ("xxxx", "xxxx", "101x")}
