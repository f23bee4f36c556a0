"""Faults in the sources of a project that only its own command can run."""

from __future__ import annotations

import json

import pytest

from tests.chain import tilewright
from tests.unit.trials.test_trial import COPY, WRONG
from tilewright.errors import ConfigError, ToolError
from tilewright.trials.command import Command
from tilewright.trials.mutants import MutantOptions, mutate_project
from tilewright.trials.trial import Expected

NUMBERS = Expected(("dump.txt",))
CORE = """module core (input clk, input [3:0] a, output reg [3:0] q);
  always @(posedge clk) begin
    q <= a + 4'd1;
  end
endmodule
"""
SIMULATE = f"grep -q 'a + ' core.v && {{ {COPY}; }} || {WRONG}"
"""Notices a changed operator, and nothing else."""
BUILD = ("sh", "-c", "grep -q 'q <=' core.v")


@pytest.fixture
def project(tmp_path):
    """A core with a testbench beside it."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "core.v").write_text(CORE)
    (folder / "core_tb.v").write_text("module core_tb; initial if (1 + 1) $finish; endmodule\n")
    (folder / "reads.v").write_text('module reads; initial $readmemh("x", 1 + 1); endmodule\n')
    return folder


@pytest.fixture
def mutate(project, tiny, tmp_path):
    def run(script=SIMULATE, build=BUILD, **options):
        command = Command(("sh", "-c", script), here=tmp_path, build=build, project=project)
        chosen = MutantOptions(has_corners=False, **options)
        lines = []
        campaign = mutate_project(
            [tiny.folder], command, NUMBERS, chosen, say=lines.append, progress=lambda _: None
        )
        return campaign, lines

    return run


def test_mutants_are_killed_survive_or_do_not_build(mutate, project):
    campaign, lines = mutate()
    found = {one.mutant.after: one.status for one in campaign.outcomes}
    assert found["q <= a - 4'd1;"] == "killed"
    assert {status for after, status in found.items() if "a + " in after} == {"survived"}
    assert found[";"] == "not built"
    assert {one.mutant.file for one in campaign.outcomes} == {"core.v"}
    assert "mutants of core.v" in lines[3]
    assert lines[:2] == [
        f"{name} is taken for a testbench and left as it is: --files has it changed"
        for name in ("core_tb.v", "reads.v")
    ]
    assert (project / "core.v").read_text() == CORE


def test_what_kills_is_the_finding(mutate):
    campaign, _ = mutate(limit=None)
    killed = next(one for one in campaign.outcomes if one.status == "killed")
    assert killed.by == "given"
    assert "1 differ; first: psum at (oc=0" in killed.evidence


def test_vhdl_and_chosen_files(mutate, project):
    (project / "core.vhd").write_text(
        "entity e is end; architecture a of e is begin\n  q <= a + b;\nend;\n"
    )
    script = f"grep -q 'a + b' core.vhd && {{ {COPY}; }} || {WRONG}"
    campaign, _ = mutate(script, (), files=("*.vhd",))
    assert [(one.mutant.file, one.status) for one in campaign.outcomes] == [("core.vhd", "killed")]


BRANCHES = """`ifdef VENDOR
module core (input [3:0] a, output [3:0] q);
  assign q = a * 4'd3;
endmodule
`else
module core (input [3:0] a, output [3:0] q);
`ifndef SYNTHESIS
  assign q = a + 4'd2;
`else
  assign q = a * 4'd5;
`endif
`ifndef SYNTHESIS
`ifdef LOUD
  always @(q) if (q > 3) $stop;
`endif
  assign check = q * 7;
`endif
endmodule
`endif
"""
PREPROCESS = """awk '/^`if/ {n++; on[n] = /ndef/} /^`else/ {on[n] = !on[n]} /^`endif/ {n--}
!/^`/ {is_on = 1; for (i = 1; i <= n; i++) is_on = is_on && on[i]; if (is_on) print}' core.v > plain.v"""


def test_what_is_not_compiled_is_left_as_it_is(mutate, project):
    """No macro is defined: of the branches, those under `else and `ifndef are compiled."""
    (project / "core.v").write_text(BRANCHES)
    script = f"{PREPROCESS}; grep -q '= a + 4.d2;' plain.v && {{ {COPY}; }} || {WRONG}"
    build = ("sh", "-c", f"{PREPROCESS}; ! grep -q 'endmodule :' plain.v")
    campaign, lines = mutate(script, build, limit=None)
    assert {one.mutant.line for one in campaign.outcomes} == {8}
    assert {one.status for one in campaign.outcomes} == {"killed"}
    assert (
        "2 of 4 parts under `ifdef and `else are compiled; the others are left as they are" in lines
    )
    with pytest.raises(
        ConfigError, match=r"something that can be changed, but core\.v have nothing"
    ):
        mutate(
            f"! grep -q 'endmodule :' plain.v && {{ {COPY}; }}",
            ("sh", "-c", "cp core_tb.v plain.v"),
        )


MEMORY = b"""// Gr\xf6\xdfe: module m;
module memory #(parameter W = 4) (input clk, input [3:0] at, output reg [W-1:0] q);
  reg [W-1:0] words [0:15];
  initial $readmemh("words.hex", words);
  always @(posedge clk) if (at > 14) $stop; else q <= words[at];
endmodule
"""
ENTITY = (
    "entity e is\n generic (n : integer := 4);\n port (a : in integer; q : out integer);\nend;\n"
)


@pytest.mark.parametrize(
    ("name", "text", "is_bench"),
    [
        ("memory.v", MEMORY, False),
        ("wide.sv", b"module wide #(parameter W = 4) (); initial $finish; endmodule", True),
        ("run.sv", b"program run; initial if (1 + 1) $finish; endprogram", True),
        ("e.VHD", f"{ENTITY}architecture x of e is begin\n q <= a + 1;\nend;".encode(), False),
        (
            "t.vhdl",
            b"entity t is\nend entity;\narchitecture x of t is begin\n q <= a + 1;\nend;",
            True,
        ),
        (
            "t.vhd",
            b"entity t is generic (n : integer);\nend;\narchitecture x of t is begin\nend;",
            True,
        ),
    ],
)
def test_what_has_ports_is_no_testbench(mutate, project, name, text, is_bench):
    (project / name).write_bytes(text)
    campaign, lines = mutate(limit=None)
    assert (name in {one.mutant.file for one in campaign.outcomes}) != is_bench
    assert any(line.startswith(f"{name} is taken for a testbench") for line in lines) == is_bench


def test_a_core_that_does_not_pass_is_refused(mutate):
    with pytest.raises(
        ToolError, match=r"must pass on all vectors before it is mutated, .* 1 differ"
    ):
        mutate(WRONG)


def test_a_project_without_sources_is_refused(mutate, project):
    (project / "core.v").unlink()
    with pytest.raises(ConfigError, match="must hold sources that can be changed"):
        mutate()


def test_a_file_that_cannot_be_read_is_left_as_it_is(mutate, project):
    (project / "odd.v").write_text("module \x01;\n")
    campaign, lines = mutate(limit=3)
    assert lines[1].startswith("odd.v is left as it is: odd.v:1: ")
    assert len(campaign.outcomes) == 3


def test_a_log_is_taken_up_again(mutate, tmp_path):
    first, _ = mutate(log=tmp_path / "log")
    again, _ = mutate(log=tmp_path / "log")
    assert [one.status for one in again.outcomes] == [one.status for one in first.outcomes]


def test_the_command_takes_corner_cases_of_the_same_sizes(project, tiny):
    dump = ("--dump", "dump.txt", "--kind", "psum")
    words = ("mutate", tiny.folder, "--project", project, *dump, "--limit", 2)
    done = tilewright(*words, "--least", 101 - 1, "--json", "--", "sh", "-c", SIMULATE)
    facts = json.loads(done.stdout)
    assert {one["name"] for one in facts["sets"]} >= {"given", "max", "extreme"}
    assert not {"narrow", "geometry", "3x5"} & {one["name"] for one in facts["sets"]}
    assert done.returncode == (facts["score"] < 1)
    for options, line in (
        (("--", "true"), "give its folder as --project"),
        (("--project", project), "give the command that runs your core after --"),
        (("--order", "oc oh ow"), "of a core with ports of its own: give the command"),
    ):
        done = tilewright("mutate", tiny.folder, *options)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert line in done.stderr
