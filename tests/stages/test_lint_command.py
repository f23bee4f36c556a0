"""`tilewright lint`: exit status, lines and JSON; what it finds is tested beside the linter itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tilewright.spec import ArrayShape, ConvShape, IntegerLayer, NumberFormat, OutputFunction
from tilewright.tile import TilePlan
from tilewright.vectors import load_layout, write_bundle
from tilewright.verify import reference_outputs, reference_psums

READER = Path(__file__).parents[1] / "unit/lint/readers/tokens.v"
GEOMETRY = "ic=3,oc=2,size=4,kernel=3,padding=1,bits=4/4/16,rows=3,cols=2"


@pytest.fixture
def bundle(tmp_path):
    """What the reader reads: 3 rows, 2 cols, a padded 4x4 map."""
    rng = np.random.default_rng(284)
    shape = ConvShape(ic=3, ih=4, iw=4, oc=2, kh=3, kw=3, padding=(1, 1))
    layer = IntegerLayer(
        name="conv",
        shape=shape,
        weight=rng.integers(-7, 8, (2, 3, 3, 3), np.int8),
        weight_format=NumberFormat(4, is_signed=True, is_narrow=True),
        act_format=NumberFormat(4, is_signed=False),
        weight_scale=np.ones(1),
        act_scale=1.0,
    )
    codes = rng.integers(0, 16, (3, 4, 4), np.uint8)
    folder, psums = tmp_path / "bundle", reference_psums(codes[None], layer)[0]
    write_bundle(
        folder,
        layer=layer,
        plan=TilePlan(shape, ArrayShape(rows=3, cols=2, psum_bits=16)),
        layout=load_layout("ece284-ws"),
        codes=codes,
        psums=psums,
        outputs=reference_outputs(psums, OutputFunction()),
        sample=0,
    )
    return folder


def _headless(folder):
    path = folder / "activation_tile0.txt"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[3:]))


class TestTestbench:
    """These need the parser."""

    @pytest.fixture(autouse=True)
    def parser(self):
        pytest.importorskip("pyslang")

    def test_files_that_their_reader_reads(self, run_command, bundle):
        status, out, err = run_command("lint", bundle, "--testbench", READER)
        assert (status, err) == (0, "")
        assert out.endswith("verdict: pass\n")
        assert "11 files looked at: 0 error, " in out

    def test_a_missing_header_fails_with_both_places(self, run_command, bundle):
        _headless(bundle)
        status, out, _ = run_command("lint", bundle, "--testbench", READER)
        assert status == 1
        (line,) = (line for line in out.splitlines() if line.startswith("error: "))
        assert "activation_tile0.txt" in line
        assert "tokens.v:2" in line

    def test_json_has_the_same_facts(self, run_command, bundle):
        _headless(bundle)
        status, out, _ = run_command("lint", bundle, "--testbench", READER, "--json")
        facts = json.loads(out)
        assert (status, facts["passed"], facts["counts"]["error"]) == (1, False, 1)

    def test_plusargs_are_those_of_the_run(self, run_command, tmp_path):
        (tmp_path / "d.txt").write_text("01\n")
        bench = tmp_path / "tb.v"
        bench.write_text(
            "module tb; integer f, n; reg [7:0] v; reg [8*20:1] name; initial begin "
            'if (!$value$plusargs("DATA=%s", name)) $finish; f = $fopen(name, "r"); '
            'n = $fscanf(f, "%h", v); if (n == 1 && $test$plusargs("SHOW")) $display("%h", v); '
            "end endmodule\n"
        )
        command = ("lint", tmp_path, "--testbench", bench)
        status, out, _ = run_command(*command, "--plusarg", "DATA=d.txt", "--plusarg", "+SHOW")
        assert (status, out.splitlines()[-2][:20]) == (0, "1 file looked at: 0 ")
        status, out, _ = run_command(*command)
        assert (status, "give it, as --plusarg DATA=..." in out) == (1, True)

    def test_fixed_files_are_read_as_meant(self, run_command, bundle, tmp_path):
        original = (bundle / "activation_tile0.txt").read_bytes().splitlines()[3:]
        _headless(bundle)
        out = tmp_path / "fixed"
        status, told, _ = run_command("lint", bundle, "--testbench", READER, "--fix", out)
        assert status == 0
        assert f"written to {out}" in told
        assert run_command("lint", out, "--testbench", READER)[0] == 0
        assert (out / "activation_tile0.txt").read_bytes().splitlines()[3:] == original

    def test_a_file_that_cannot_be_fixed_leaves_nothing(self, run_command, bundle, tmp_path):
        path = bundle / "out.txt"
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
        out = tmp_path / "fixed"
        status, told, _ = run_command("lint", bundle, "--testbench", READER, "--fix", out, "--json")
        assert status == 1
        assert not json.loads(told)["passed"]
        assert not out.exists()


class TestLayout:
    def test_a_bundle_follows_its_layout(self, run_command, bundle):
        assert run_command("lint", bundle, "--layout", "ece284-ws")[0] == 0

    def test_without_manifest_the_geometry_is_needed(self, run_command, bundle):
        (bundle / "manifest.json").unlink()
        status, _, err = run_command("lint", bundle, "--layout=ece284-ws")
        assert (status, err.count("\n")) == (2, 1)
        assert "has no manifest.json: give the geometry" in err
        options = ("--layout=ece284-ws", "--geometry", GEOMETRY)
        assert run_command("lint", bundle, *options)[0] == 0

    def test_a_file_that_does_not_follow_it_fails(self, run_command, bundle):
        _headless(bundle)
        status, out, _ = run_command("lint", bundle, "--layout", "ece284-ws")
        assert status == 1
        assert "error: activation_tile0.txt" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "against a testbench, a layout, or both: give one"),
        (("--fix", "x"), "--fix writes files as a testbench needs them: give --testbench"),
        (("--layout", "ece284-wz"), "did you mean ece284-ws"),
        (("--testbench", "none.v"), "none.v"),
    ],
)
def test_bad_input_is_one_line(run_command, bundle, options, message):
    status, out, err = run_command("lint", bundle, *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err
