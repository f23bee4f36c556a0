"""Findings as SARIF: read again by a reader of others, with every finding at its lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chain import tilewright
from tilewright.lint import Finding, LintReport, Sources, lint
from tilewright.lint.sarif import lint_sarif

BENCH = """module tb;
  integer f, n, i;
  reg [7:0] data;
  initial begin
    f = $fopen("sums.txt", "r");
    n = $fscanf(f, "%s", data);
    for (i = 0; i < 2; i = i + 1) begin
      n = $fscanf(f, "%h", data);
      if (n != 1) $display("sum %0d is missing", i);
    end
  end
endmodule
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A bench in one folder, its files in another, whose name needs quotes in an address."""
    (tmp_path / "rtl").mkdir()
    (tmp_path / "rtl/tb.v").write_text(BENCH)
    (tmp_path / "my files").mkdir()
    (tmp_path / "my files/sums.txt").write_text("#two sums#\n01\n02\n")
    return tmp_path


def written(project: Path, root: Path):
    bench = project / "rtl/tb.v"
    report = lint(project / "my files", testbench=bench)
    return report, json.loads(lint_sarif(report, testbench=bench, root=root))


def places(result):
    return [
        (place["physicalLocation"]["artifactLocation"]["uri"],
         place["physicalLocation"].get("region", {}).get("startLine", 0))
        for place in (*result["locations"], *result.get("relatedLocations", ()))
    ]  # fmt: skip


def test_a_finding_stands_at_the_line_of_the_bench_and_names_that_of_the_file(project):
    report, log = written(project, project)
    (finding,) = report.findings
    (run,) = log["runs"]
    (result,) = run["results"]
    assert places(result) == [
        ("rtl/tb.v", finding.testbench_line),
        ("my%20files/sums.txt", finding.file_line),
    ]
    assert (result["ruleId"], result["level"]) == (finding.kind, "error")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == finding.kind
    assert finding.message in result["message"]["text"]


def test_paths_out_of_the_root_are_whole(project):
    _, log = written(project, project / "my files")
    (result,) = log["runs"][0]["results"]
    assert [uri for uri, _ in places(result)] == [(project / "rtl/tb.v").as_uri(), "sums.txt"]


def test_paths_within_the_root_of_the_system_are_relative(project):
    """As in a container, where commands start in /."""
    _, log = written(project, Path("/"))
    (result,) = log["runs"][0]["results"]
    assert places(result)[0][0] == (project / "rtl/tb.v").as_uri().removeprefix("file:///")


def test_a_finding_in_an_included_file_stands_there(project):
    first, last = BENCH.split("  initial begin\n")
    (project / "rtl/tb.v").write_text(f'{first}  `include "body.v"\nendmodule\n')
    (project / "headers").mkdir()
    body = project / "headers/body.v"
    body.write_text("  initial begin\n" + last.replace("endmodule\n", ""))
    given = Sources(include_folders=(body.parent,))
    bench = project / "rtl/tb.v"
    report = lint(project / "my files", testbench=bench, given=given)
    log = json.loads(lint_sarif(report, testbench=bench, root=project, given=given))
    (result,) = log["runs"][0]["results"]
    (finding,) = report.findings
    line = next(n for n, text in enumerate(body.read_text().splitlines(), 1) if "%h" in text)
    assert (
        places(result)[0] == ("headers/body.v", line) == ("headers/body.v", finding.testbench_line)
    )


def test_every_severity_and_a_finding_without_a_place(tmp_path):
    findings = (
        Finding("warning", "layout", "a header is missing", "psum.txt", 3),
        Finding("undecided", "undecided", "lint sees no file that is read", testbench="tb.v"),
        Finding("error", "layout", "no psum file"),
    )
    log = json.loads(
        lint_sarif(LintReport(str(tmp_path), findings, ()), testbench=None, root=tmp_path)
    )
    results = log["runs"][0]["results"]
    assert [one["level"] for one in results] == ["warning", "warning", "error"]
    assert [one["properties"]["severity"] for one in results] == ["warning", "undecided", "error"]
    assert [places(one)[0] for one in results] == [
        ("psum.txt", 3), (tmp_path.as_uri(), 1), (tmp_path.as_uri(), 1),
    ]  # fmt: skip


def test_another_reader_knows_every_field(project):
    """`sarif_pydantic` keeps what it does not know apart."""
    sarif = pytest.importorskip("sarif_pydantic")
    report, log = written(project, project)

    def expect_known(part):
        if hasattr(part, "model_extra"):
            assert not part.model_extra, type(part).__name__
            for name in type(part).model_fields:
                expect_known(getattr(part, name))
        elif isinstance(part, list):
            for one in part:
                expect_known(one)

    found = sarif.Sarif.model_validate(log)
    expect_known(found)
    assert [one.rule_id for one in found.runs[0].results] == [one.kind for one in report.findings]
    del log["runs"][0]["results"][0]["message"]
    with pytest.raises(ValueError, match="message"):
        sarif.Sarif.model_validate(log)


def test_the_command_writes_it_and_still_judges(project):
    file = project / "out.sarif"
    words = ("--testbench", project / "rtl/tb.v", "--sarif", file)
    assert tilewright("lint", project / "my files", *words).returncode == 1
    assert json.loads(file.read_text())["version"] == "2.1.0"
    both = tilewright("lint", project, *words, "--fix", project / "fixed")
    assert (both.returncode, both.stderr.count("\n")) == (2, 1)
    assert not (project / "fixed").exists()


def test_a_lint_that_is_refused_deletes_nothing(project):
    file = project / "out.sarif"
    file.write_text("of yesterday")
    done = tilewright("lint", project / "no folder", "--testbench", "tb.v", "--sarif", file)
    assert (done.returncode, file.read_text()) == (2, "of yesterday")
    done = tilewright("lint", project, "--testbench", project / "rtl/tb.v", "--sarif", project)
    assert (done.returncode, "name the file in it" in done.stderr) == (2, True)
