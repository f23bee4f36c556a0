"""The commands for vector files: layouts, decode, convert, verify-bundle."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.forgery import exchange, state_hash
from tests.golden import regenerate as golden
from tests.unit.vectors import course_example as example
from tilewright.vectors import layout_names, load_layout, write_bundle
from tilewright.vectors.manifest import read_manifest
from tilewright.verify import reference_outputs

GEOMETRY = "ic=2,oc=3,size=2,kernel=3,padding=1,bits=4/4/16,rows=2,cols=3"


def _write(folder, layout):
    write_bundle(
        folder,
        layer=example.layer(),
        plan=example.PLAN,
        layout=load_layout(layout),
        codes=example.CODES,
        psums=example.PSUMS,
        tap_psums=example.TAP_PSUMS,
        outputs=reference_outputs(example.PSUMS, load_layout(layout).output),
        sample=0,
    )
    return folder


@pytest.fixture
def bundle(tmp_path):
    """The documented example, with the psums of every tap."""
    return _write(tmp_path / "bundle", "ece284-unpadded")


@pytest.fixture
def foreign(tmp_path):
    """The same files without a manifest."""
    folder = _write(tmp_path / "foreign", "ece284-unpadded")
    (folder / "manifest.json").unlink()
    return folder


def _contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".json"}


class TestVerifyBundle:
    def test_a_whole_bundle_passes_and_says_how_much_was_compared(self, run_command, bundle):
        status, out, err = run_command("verify-bundle", bundle)
        assert (status, err) == (0, "")
        assert "choke: sample 0, layout ece284-unpadded, 21 files, 0 at fault" in out
        assert "  tap_psum: 108 compared, 0 differ\n  psum: 12 compared" in out
        assert out.endswith("132 numbers compared, 0 differ\nverdict: pass\n")

    def test_json_has_the_same_facts(self, run_command, bundle):
        status, out, _ = run_command("verify-bundle", bundle, "--json")
        facts = json.loads(out)
        assert status == 0
        assert (facts["passed"], facts["compared"], facts["mismatches"]) == (True, 132, 0)
        assert [kind["kind"] for kind in facts["kinds"]] == ["tap_psum", "psum", "output"]

    @pytest.mark.parametrize(
        ("name", "old", "new", "place"),
        [
            (
                "psum.txt",
                b"0000000001011101",
                b"0000000001011100",
                r"psum: 12 compared, 1 differ; first at psum\.txt \(oc=2, oh=1, ow=1\): "
                r"expected 93, found 92",
            ),
            (
                "psum_5.txt",
                b"0000000000001111\n",
                b"0000000000001110\n",
                r"tap_psum: 108 compared, 1 differ; first at psum_5\.txt "
                r"\(kij=5, oc=0, oh=1, ow=0\): expected 15, found 14",
            ),
            (
                "psum_relu.txt",
                b"00000000000001000000000000000010",
                b"00000000000000100000000000000100",
                r"output: 12 compared, 2 differ; first at psum_relu\.txt \(oc=0, oh=0, ow=1\): "
                r"expected 2, found 4",
            ),
        ],
    )
    def test_a_wrong_number_with_a_right_hash(self, run_command, bundle, name, old, new, place):
        exchange(bundle, name, old, new)
        status, out, err = run_command("verify-bundle", bundle)
        assert status == 1
        assert re.fullmatch(rf"FAILED {place}\n", err)
        assert out.endswith("verdict: fail\n")

    def test_a_flipped_weight_contradicts_every_kind(self, run_command, bundle):
        """oc0 ic0 of the middle tap becomes 2: the psums of x[ic0] = 1 2 3 4 are one more each."""
        exchange(bundle, "weight_itile0_otile0_kij4_fixed.txt", b"11110001", b"11110010")
        status, _, err = run_command("verify-bundle", bundle, "--json")
        assert status == 1
        lines = err.splitlines()
        assert len(lines) == 3
        assert lines[0] == (
            "FAILED tap_psum: 108 compared, 4 differ; first at psum_4.txt "
            "(kij=4, oc=0, oh=0, ow=0): expected -3, found -4"
        )
        assert "psum.txt (oc=0, oh=0, ow=0): expected -3, found -4" in lines[1]

    def test_a_flipped_activation_is_seen(self, run_command, bundle):
        exchange(bundle, "activation.txt", b"11110100", b"11100100")
        status, _, err = run_command("verify-bundle", bundle)
        assert status == 1
        assert "psum_4.txt (kij=4, oc=0, oh=1, ow=1): expected -10, found -11" in err

    def test_missing_and_altered_files_are_all_named(self, run_command, bundle):
        (bundle / "psum_3.txt").unlink()
        (bundle / "psum_7.txt").unlink()
        (bundle / "psum_7.txt").symlink_to(bundle / "psum_8.txt")
        path = bundle / "psum.txt"
        path.write_bytes(path.read_bytes().replace(b"1\n", b"0\n", 1))
        status, out, err = run_command("verify-bundle", bundle)
        assert status == 1
        assert "21 files, 3 at fault\n0 numbers compared" in out
        assert "FAILED psum_3.txt is missing\nFAILED psum_7.txt is a link\n" in err
        assert re.search(
            r"FAILED psum\.txt must have sha256 \w{64}, but has \w{64}: it was edited or damaged",
            err,
        )

    def test_an_altered_hash_is_named(self, run_command, bundle):
        name = read_manifest(bundle).files[3].name
        state_hash(bundle, name, "0" * 64)
        status, _, err = run_command("verify-bundle", bundle)
        assert status == 1
        assert f"{name} must have sha256 {'0' * 64}, but has" in err

    def test_a_code_outside_its_format_is_named(self, run_command, bundle):
        exchange(bundle, "weight_itile0_otile0_kij4_fixed.txt", b"11110001", b"11111000")
        status, _, err = run_command("verify-bundle", bundle)
        assert status == 1
        assert "FAILED weight code must fit s4 (-7..7), but is -8 at (oc=0, ic=0" in err

    @pytest.mark.parametrize(
        ("name", "message"),
        [("", "must have a manifest.json, or bundles below it"), ("none", "there is none")],
    )
    def test_no_bundle_is_bad_input(self, run_command, tmp_path, name, message):
        status, out, err = run_command("verify-bundle", tmp_path / name)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert message in err

    def test_files_without_a_manifest(self, run_command, foreign):
        """Whatever is there is compared; of a part, what is missing is said."""
        options = ("--layout=ece284-unpadded", "--geometry", GEOMETRY)
        status, out, err = run_command("verify-bundle", foreign, *options)
        assert (status, err) == (0, "")
        assert out.endswith("132 numbers compared, 0 differ\nverdict: pass\n")
        (foreign / "psum.txt").unlink()
        status, out, _ = run_command("verify-bundle", foreign, *options, "--json")
        assert (status, json.loads(out)["notes"]) == (0, ["psum: not there (psum.txt)"])
        exchange_bytes = (foreign / "psum_relu.txt").read_bytes().replace(b"1011101", b"1011100")
        (foreign / "psum_relu.txt").write_bytes(exchange_bytes)
        status, _, err = run_command("verify-bundle", foreign, *options)
        assert status == 1
        assert "first at psum_relu.txt (oc=2, oh=1, ow=1): expected 93, found 92" in err

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (("--layout=ece284-unpadded",), "need --layout and --geometry: --geometry is missing"),
            (("--geometry", GEOMETRY), "need --layout and --geometry: --layout is missing"),
        ],
    )
    def test_half_a_description_is_bad_input(self, run_command, foreign, options, message):
        status, out, err = run_command("verify-bundle", foreign, *options)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert message in err

    def test_a_folder_of_bundles(self, run_command, bundle):
        _write(bundle.parent / "more" / "ws", "ece284-ws")
        status, out, _ = run_command("verify-bundle", bundle.parent)
        assert status == 0
        assert out.endswith(
            "156 numbers compared, 0 differ\n2 of 2 bundles consistent\nverdict: pass\n"
        )
        exchange(bundle, "psum.txt", b"0000000001011101", b"0000000001011100")
        status, out, err = run_command("verify-bundle", bundle.parent)
        assert (status, err.count("\n")) == (1, 1)
        assert f"FAILED {bundle}: psum: 12 compared, 1 differ" in err
        assert "1 of 2 bundles consistent" in out

    def test_a_bundle_says_itself_what_it_is(self, run_command, bundle):
        options = ("--layout=ece284-unpadded", "--geometry", GEOMETRY)
        status, _, err = run_command("verify-bundle", bundle, *options)
        assert (status, err.count("\n")) == (2, 1)
        assert "has a manifest: leave --layout and --geometry out" in err

    def test_numpy_is_all_it_needs(self, bundle):
        """Every other package is blocked; the command line itself also needs typer's."""
        blocked = ("torch", "numba", "scipy", "sklearn", "safetensors", "matplotlib")
        blocked += ("pydantic", "typer", "rich", "jinja2")
        code = (
            f"import sys\nfor name in {blocked}: sys.modules[name] = None\n"
            "from pathlib import Path\nfrom tilewright.bundles import check_bundle\n"
            f"verdict = check_bundle(Path({str(bundle)!r}))\n"
            "print(verdict.passed, verdict.compared)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert done.stdout == "True 132\n", done.stderr

    def test_the_command_loads_neither_torch_nor_numba(self, bundle):
        code = (
            "import sys\nfrom tilewright.cli import main\n"
            f"sys.argv = ['tilewright', 'verify-bundle', {str(bundle)!r}]\n"
            "try: main()\nexcept SystemExit: pass\n"
            "sys.exit(any(name in sys.modules for name in ('torch', 'numba', 'safetensors')))"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestDecode:
    def test_a_bundle_gives_every_tensor(self, run_command, bundle, tmp_path):
        status, out, _ = run_command("decode", bundle, "--out", tmp_path / "all.npz")
        assert status == 0
        assert re.search(r"^weight +kij=9 oc=3 ic=2 +-3 \.\. 7$", out, re.MULTILINE)
        with np.load(tmp_path / "all.npz") as tensors:
            np.testing.assert_array_equal(tensors["activation"], example.CODES)
            by_tap = example.WEIGHT.reshape(3, 2, 9).transpose(2, 0, 1)
            np.testing.assert_array_equal(tensors["weight"], by_tap)
            np.testing.assert_array_equal(tensors["tap_psum"], example.TAP_PSUMS)
            np.testing.assert_array_equal(tensors["psum"], example.PSUMS)
            np.testing.assert_array_equal(tensors["output"], np.maximum(example.PSUMS, 0))

    def test_one_kind_as_npy(self, run_command, bundle, tmp_path):
        path = tmp_path / "psum.npy"
        assert run_command("decode", bundle, "--kind", "psum", "--out", path)[0] == 0
        np.testing.assert_array_equal(np.load(path), example.PSUMS)

    def test_a_tap_as_a_table(self, run_command, bundle):
        status, out, _ = run_command("decode", bundle, "--kind", "weight", "--show", "kij=4")
        assert status == 0
        assert out.splitlines() == [
            "weight at kij=4: oc down, ic across",
            "        0  1",
            "    0   1 -1",
            "    1   2  0",
            "    2  -3  7",
        ]

    def test_places_choose_the_kinds_that_have_them(self, run_command, bundle):
        _, out, _ = run_command("decode", bundle, "--show", "oc=2,oh=1")
        assert "psum at oc=2,oh=1: ow across\n        0  1\n       -9 93\n" in out
        assert "tap_psum at oc=2,oh=1: kij down, ow across" in out
        assert "weight" not in out

    def test_a_single_number(self, run_command, bundle):
        _, out, _ = run_command("decode", bundle, "--kind=psum", "--show=oc=2,oh=1,ow=1")
        assert out.split() == ["psum", "at", "oc=2,oh=1,ow=1", "93"]

    def test_json_has_shapes_and_what_is_shown(self, run_command, bundle):
        _, out, _ = run_command("decode", bundle, "--show", "oc=2,oh=1", "--json")
        facts = json.loads(out)
        assert [t["kind"] for t in facts["tensors"]][:2] == ["activation", "weight"]
        shown = {part["kind"]: part["values"] for part in facts["shown"]}
        assert shown["psum"] == [-9, 93]

    def test_foreign_files_need_layout_and_geometry(self, run_command, foreign):
        status, out, _ = run_command(
            "decode", foreign, "--layout=ece284-unpadded", "--geometry", GEOMETRY, "--show=ic=1"
        )
        assert status == 0
        assert "activation at ic=1: ih down, iw across" in out
        assert "    0   5  0\n    1   0 15\n" in out

    def test_one_kind_needs_only_its_own_files(self, run_command, foreign):
        for path in foreign.glob("*psum*"):
            path.unlink()
        options = ("--layout=ece284-unpadded", "--geometry", GEOMETRY)
        status, out, _ = run_command("decode", foreign, *options, "--kind=weight", "--show=kij=4")
        assert (status, out.splitlines()[-1]) == (0, "    2  -3  7")
        assert run_command("decode", foreign, *options)[0] == 0

    def test_one_foreign_file(self, run_command, foreign):
        """Its lanes as they stand: the axes that the name carries are fixed."""
        (alone := foreign.parent / "alone").mkdir()
        shutil.copy(foreign / "psum_5.txt", alone)
        options = ("--layout=ece284-unpadded", "--geometry", GEOMETRY)
        _, out, _ = run_command("decode", alone / "psum_5.txt", *options, "--show=otile=0")
        assert "tap_psum at otile=0: onij down, col across" in out
        assert "    2  15 -8  0\n" in out

    def test_one_file_of_a_bundle(self, run_command, bundle):
        _, out, _ = run_command("decode", bundle / "weight_itile0_otile0_kij4_fixed.txt")
        assert re.fullmatch(r"weight +col=3 row=2 +-3 \.\. 7\n", out)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (("--show", "kij"), "a place is written kij=4 or oc=2,oh=0, not 'kij'"),
            (("--show", "kij=9"), "weight: kij must be 0..8, not 9"),
            (("--show", "nij=1"), "no kind of file has the axes of 'nij=1'; there are"),
            (("--kind", "bias"), "there are no bias files; there are activation, weight"),
            (("--out", "x.npy"), "must end in .npz, or in .npy for one kind: there are"),
            (("--out", "x.txt"), "must end in .npz"),
            (("--layout", "ece284-ws"), "must have the layout ece284-ws, but its manifest says"),
            (("--layout", "ece284-wz"), "no layout is called 'ece284-wz'; did you mean ece284-ws"),
            (("--geometry", GEOMETRY), "states the geometry: leave --geometry out"),
        ],
    )
    def test_bad_input_is_one_line(self, run_command, bundle, options, message):
        status, out, err = run_command("decode", bundle, *options)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert message in err

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ((), "has no manifest.json: give the layout of its files and their geometry"),
            (("--geometry", "ic=2"), "the geometry must also say oc, size, kernel, bits, rows, co"),
            (("--geometry", "ch=2"), "each key once; 'ch=2' does not fit"),
            (("--layout=ece284-ws", "--geometry", GEOMETRY), "but 11 are missing, first activati"),
            (
                (
                    "--layout=ece284-ws",
                    "--geometry",
                    GEOMETRY.replace("ic=2,oc=3", "ic=9999,oc=9999"),
                ),
                "would have 149,990,002 files",
            ),
        ],
    )
    def test_foreign_files_that_are_not_described(self, run_command, foreign, options, message):
        status, out, err = run_command("decode", foreign, *options)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert message in err

    def test_a_file_of_another_layout(self, run_command, bundle):
        (bundle / "out.txt").write_text("")
        status, _, err = run_command("decode", bundle / "out.txt")
        assert status == 2
        assert "out.txt is no file of layout ece284-unpadded" in err

    def test_a_file_without_anything_beside_it(self, run_command, foreign):
        status, _, err = run_command("decode", foreign / "psum_5.txt")
        assert status == 2
        assert "psum_5.txt has no manifest.json beside it: give the layout and the geometry" in err


class TestConvert:
    @pytest.mark.parametrize("layout", layout_names())
    def test_every_layout_and_back_gives_the_same_bytes(
        self, run_command, bundle, tmp_path, layout
    ):
        there, back = tmp_path / "there", tmp_path / "back"
        status, out, err = run_command("convert", bundle, "--to", layout, "--out", there)
        assert (status, err) == (0, "")
        assert out.startswith(f"ece284-unpadded to {layout}: ")
        assert run_command("verify-bundle", there)[0] == 0
        assert run_command("convert", there, "--to", "ece284-unpadded", "--out", back)[0] == 0
        assert _contents(back) == _contents(bundle)
        assert (back / "manifest.json").read_bytes() == (bundle / "manifest.json").read_bytes()

    @pytest.mark.parametrize("container", ["mem", "mif", "coe", "c", "npz"])
    def test_every_container_and_back_gives_the_same_bytes(
        self, run_command, bundle, tmp_path, container
    ):
        there, back = tmp_path / "there", tmp_path / "back"
        options = ("--to", "ece284-ws", "--container", container)
        assert run_command("convert", bundle, *options, "--out", there)[0] == 0
        assert run_command("verify-bundle", there)[0] == 0
        assert run_command("convert", there, "--to", "ece284-unpadded", "--out", back)[0] == 0
        assert _contents(back) == _contents(bundle)

    def test_tap_psums_come_from_the_reference_and_it_is_said(self, run_command, tmp_path):
        source = _write(tmp_path / "ws", "ece284-ws")
        out = tmp_path / "out"
        command = ("convert", source, "--from=ece284-ws", "--to=ece284-unpadded", "--out", out)
        status, told, _ = run_command(*command, "--json")
        facts = json.loads(told)
        assert (status, facts["files"]) == (0, 21)
        assert facts["notes"] == [
            "108 tap psums are the naive reference's: the source has none",
        ]
        assert _contents(out) == example.UNPADDED_FILES

    def test_foreign_files_become_a_bundle(self, run_command, foreign, tmp_path):
        out = tmp_path / "out"
        options = ("--from", "ece284-unpadded", "--geometry", GEOMETRY)
        status, _, _ = run_command("convert", foreign, *options, "--to=ece284-ws", "--out", out)
        assert status == 0
        assert _contents(out) == example.WS_FILES

    def test_files_without_psums_are_filled_up_and_it_is_said(self, run_command, foreign, tmp_path):
        """From arrays to files: operands in any layout, and the reference computes the rest."""
        for path in foreign.glob("*psum*"):
            path.unlink()
        out = tmp_path / "out"
        options = ("--from", "ece284-unpadded", "--geometry", GEOMETRY)
        status, told, _ = run_command("convert", foreign, *options, "--to=ece284-ws", "--out", out)
        assert status == 0
        assert "12 psums are the naive reference's: the source has none; nothing of the s" in told
        assert _contents(out) == example.WS_FILES

    def test_psums_that_are_not_the_convolution_are_not_filled_up(self, run_command, tmp_path):
        source = _write(tmp_path / "ws", "ece284-ws")
        exchange(source, "psum.txt", b"1111111111111010", b"1111111111111011")  # -6, hidden by ReLU
        out = tmp_path / "out"
        status, _, err = run_command("convert", source, "--to=ece284-unpadded", "--out", out)
        assert (status, err.count("\n")) == (2, 1)
        assert "a psum is -5 at (oc=2, oh=0, ow=1), but the reference computes -6" in err
        assert not out.exists()

    def test_tap_psums_that_would_be_lost_are_not_dropped(self, run_command, bundle, tmp_path):
        """Two taps, wrong by one each: their sum is right, but no other file would say so."""
        exchange(bundle, "psum_4.txt", b"0000000001011101", b"0000000001011100")  # oc2, onij 3
        zero, one = b"0" * 48, b"0" * 15 + b"1" + b"0" * 32
        content = (bundle / "psum_5.txt").read_bytes()
        exchange(bundle, "psum_5.txt", content, content[: -len(zero) - 1] + one + b"\n")
        out = tmp_path / "out"
        status, _, err = run_command("convert", bundle, "--to", "ece284-ws", "--out", out)
        assert status == 2
        assert "a tap psum is 92 at (kij=4, oc=2, oh=1, ow=1), but the reference" in err
        assert not out.exists()

    def test_a_number_too_wide_for_the_other_layout_is_refused(self, run_command, bundle, tmp_path):
        source = Path(__file__).parents[2] / "src/tilewright/vectors/layouts/ece284-ws.toml"
        narrow = tmp_path / "narrow.toml"
        narrow.write_text(source.read_text().replace('bits = "psum"', "bits = 7"))
        out = tmp_path / "out"
        status, _, err = run_command("convert", bundle, "--to", narrow, "--out", out)
        assert (status, err.count("\n")) == (2, 1)
        assert "psum in a field of 7 bits must fit s7 (-64..63), but is 93 at (otile=0, oni" in err
        assert not out.exists()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (("--to=ece284-os", "--from=ece284-ws"), "must have the layout ece284-ws, but its man"),
            (("--to=ece284-wz",), "no layout is called 'ece284-wz'"),
            (("--to=none.toml",), "cannot read the layout file none.toml"),
            (("--to=ece284-ws", "--container=hex"), "container must be mem or mif"),
            ((), "Missing option '--to'"),
        ],
    )
    def test_bad_input_is_one_line(self, run_command, bundle, tmp_path, options, message):
        out = tmp_path / "out"
        status, told, err = run_command("convert", bundle, *options, "--out", out)
        assert (status, told, err.count("\n")) == (2, "", 1)
        assert message in err
        assert not out.exists()

    def test_a_folder_with_something_else_is_kept(self, run_command, bundle, tmp_path):
        (tmp_path / "letter.txt").write_text("dear")
        status, _, err = run_command("convert", bundle, "--to=ece284-ws", "--out", tmp_path)
        assert status == 2
        assert "must be empty or hold a bundle" in err
        assert (tmp_path / "letter.txt").read_text() == "dear"


class TestLayouts:
    def test_every_preset_is_listed(self, run_command):
        status, out, _ = run_command("layouts")
        assert status == 0
        listed = [line.split()[0] for line in out.splitlines()[:-1]]
        assert listed == list(layout_names())
        assert json.loads(run_command("layouts", "--json")[1]).keys() == set(layout_names())

    @pytest.mark.parametrize("name", layout_names())
    def test_every_preset_is_explained(self, run_command, name):
        status, out, err = run_command("layouts", name)
        assert (status, err) == (0, "")
        assert out.startswith(f"{name}: {load_layout(name).description}\n")
        for kind in load_layout(name).kinds:
            assert f"[{kind.kind}]" in out
            assert f'  file = "{kind.file}"' in out
        assert re.search(r"\| [01]+  kij=0 .*oc.* = -?\d", out) or "radix" in out

    def test_a_layout_of_ones_own_is_explained(self, run_command, tmp_path):
        path = tmp_path / "mine.toml"
        text = (
            golden.FOLDER.parents[2] / "src/tilewright/vectors/layouts/ece284-ws.toml"
        ).read_text()
        path.write_text(text.replace('name = "ece284-ws"', 'name = "mine"'))
        assert run_command("layouts", path)[1].startswith("mine: ")

    def test_addresses_are_drawn(self, run_command, tmp_path):
        """What docs/vectors.md says to add to a layout, and to look at with this command."""
        path = tmp_path / "mine.toml"
        source = golden.FOLDER.parents[2] / "src/tilewright/vectors/layouts/ece284-ws.toml"
        table = '[address]\nfile = "address.txt"\nlines = "onij kij"\nword = ""\nbits = 11\noffset = 1\n'
        path.write_text(source.read_text() + "\n" + table)
        status, out, err = run_command("layouts", path)
        assert (status, err) == (0, "")
        assert "| 00000000001  onij=0: kij0 = 1\n  | 00000001010  onij=0: kij1 = 10\n" in out

    def test_a_layout_is_drawn_in_ones_own_sizes(self, run_command):
        status, out, err = run_command("layouts", "ece284-unpadded", "--geometry", GEOMETRY)
        assert (status, err) == (0, "")
        assert "  | 11101110  kij=0 oc=0: ic1 = " not in out.split("[weight]")[0]
        assert re.search(r"  \| [01]{8}  kij=0 oc=2: ic1 = -?\d, ic0 = -?\d\n", out)
        assert "nij=5: ic1 = " in out  # the first pixel inside the border
        status, _, err = run_command("layouts", "--geometry", GEOMETRY)
        assert (status, err.count("\n")) == (2, 1)
        assert "a geometry is drawn for one layout: give its name" in err

    def test_an_unknown_name_gives_near_ones(self, run_command):
        status, out, err = run_command("layouts", "ece284-wz")
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert "did you mean ece284-ws" in err


@pytest.mark.data
class TestWitness:
    """Files that a real bench reads: between all layouts and back, byte for byte."""

    @pytest.mark.parametrize(
        ("folder", "layout", "geometry", "count"),
        [
            ("choke8-w4a4", "ece284-unpadded", "ic=8,oc=8,bits=4/4/16", 21),
            ("choke16-w4a2", "ece284-unpadded-2b", "ic=16,oc=16,bits=2/4/16", 29),
            ("choke16-w4a2", "ece284-unpadded-2b-4b", "ic=8,oc=8,bits=4/4/16", 20),
        ],
    )
    def test_no_layout_loses_anything(
        self, run_command, witness_folder, tmp_path, folder, layout, geometry, count
    ):
        geometry += ",size=4,kernel=3,padding=1,rows=8,cols=8"
        way = ["ece284-ws", "ece284-unpadded", "ece284-unpadded-2b", "ece284-ws", layout]
        source, options = witness_folder / folder, ("--from", layout, "--geometry", geometry)
        for number, target in enumerate(way):
            out = tmp_path / str(number)
            done = run_command("convert", source, *options, "--to", target, "--out", out)
            assert done[0] == 0, done
            assert run_command("verify-bundle", out)[0] == 0
            source, options = out, ()
        written = _contents(source)
        assert len(written) == count
        for name, content in written.items():
            assert (witness_folder / folder / name).read_bytes() == content, name
