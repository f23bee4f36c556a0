"""Planted faults: lint must name each one, and a simulator must show what lint predicts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.rtl.layers import require_simulator
from tests.unit.lint.conftest import _in_this_process  # noqa: F401 - here, too
from tests.unit.lint.faults import FAULTS, Fault
from tests.unit.lint.good_files import GOOD, READERS, write
from tests.unit.lint.simulate import Seen, build, predict, simulate
from tilewright.lint import lint
from tilewright.verilog.reader import follow
from tilewright.verilog.testbench import read_testbench

pytest.importorskip("pyslang")
pytestmark = pytest.mark.rtl


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The readers, compiled by Icarus."""
    require_simulator("icarus")
    folder = tmp_path_factory.mktemp("readers")
    return {reader: build(reader, folder) for reader in GOOD}


@pytest.fixture(scope="module")
def good(programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """What each reader sees in good files."""
    folder = tmp_path_factory.mktemp("good")
    return {
        reader: simulate(programs[reader], write(folder / reader, files()))
        for reader, files in GOOD.items()
    }


def _predicted(reader: str, folder: Path, seen: Seen) -> bool:
    predicted = predict(follow(read_testbench(READERS / f"{reader}.v"), folder))
    return all(words[: len(seen.get(name, []))] == seen.get(name, []) for name, words in
               predicted.items())  # fmt: skip


@pytest.mark.parametrize("reader", GOOD)
def test_good_files_give_no_finding(reader: str, good: dict[str, Seen], tmp_path: Path) -> None:
    """Nothing is said about a file, and the words that the simulator shows are those predicted."""
    folder = write(tmp_path, GOOD[reader]())
    report = lint(folder, testbench=READERS / f"{reader}.v")
    assert report.is_clean, report.findings
    assert set(report.files) == set(GOOD[reader]())
    assert all("x" not in word for words in good[reader].values() for word in words)
    assert _predicted(reader, folder, good[reader])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_named_and_shows_in_the_simulator(
    fault: Fault, programs: dict[str, Path], good: dict[str, Seen], tmp_path: Path
) -> None:
    """The finding names file and kind; no other file is accused; the simulator does as predicted."""
    files = GOOD[fault.reader]()
    fault.plant(files)
    folder = write(tmp_path, files)
    report = lint(folder, testbench=READERS / f"{fault.reader}.v")
    accused = {(finding.file, finding.kind) for finding in report.findings if finding.file}
    assert (fault.rename or fault.file, fault.kind) in accused
    assert {file for file, _ in accused} == {fault.rename or fault.file}
    assert all(f.testbench_line > 0 for f in report.findings if f.file)
    seen = simulate(programs[fault.reader], folder)
    assert fault.effect(good[fault.reader].get(fault.file, []), seen.get(fault.file, []))
    assert _predicted(fault.reader, folder, seen)


def test_enough_faults_are_planted() -> None:
    """At least 30, of many kinds, with every reader."""
    assert len(FAULTS) >= 50
    assert len({fault.kind for fault in FAULTS}) >= 14
    assert {fault.reader for fault in FAULTS} == set(GOOD)


NAME_READER = """module t;
  reg [8*30:1] name;
  reg [11:0] w;
  integer file, result;
  initial begin
    name = "{path}";
    file = $fopen(name, "r");
    result = $fscanf(file, "%b", w);
    $display("word.txt %b", w);
    $finish;
  end
endmodule
"""


@pytest.mark.parametrize(
    ("path", "is_cut"),
    [("files/of/this/layer/word_0.txt", False), ("the/files/of/this/layer/word_0.txt", True)],
)  # fmt: skip
def test_a_register_too_short_for_the_name_is_found(
    path: str, is_cut: bool, programs: dict[str, Path], tmp_path: Path
) -> None:
    """A name of 30 characters fits; of a longer one the front is lost, and nothing is read."""
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text("000011110000\n")
    bench = tmp_path / "t.v"
    bench.write_text(NAME_READER.format(path=path))
    findings = [f for f in lint(tmp_path, testbench=bench).findings if f.severity == "error"]
    assert [f.kind for f in findings] == (["name-cut"] if is_cut else [])
    assert all(f.testbench_line == 7 for f in findings)
    seen = simulate(_compile(bench), tmp_path)
    assert seen == {"word.txt": ["x" * 12 if is_cut else "000011110000"]}


def _compile(bench: Path) -> Path:
    program = bench.with_suffix(".vvp")
    subprocess.run(["iverilog", "-g2012", "-o", program, bench], check=True, timeout=60)
    return program
