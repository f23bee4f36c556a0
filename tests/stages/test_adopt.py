"""`adopt`: files that nobody described, ours, those of a real bench, and the page that tells of it."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tilewright.adopt import adopt
from tilewright.adopt.probe import write_probe
from tilewright.bundles import Geometry, check_foreign
from tilewright.spec import ConvShape
from tilewright.vectors import Layout, load_layout
from tilewright.verify import reference_tap_psums

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "adopt.md").read_text(encoding="utf-8")
GEOMETRY = "ic=2,oc=3,size=3x4,kernel=2,bits=4/4/16,rows=2,cols=3"


def _benchmark():
    spec = importlib.util.spec_from_file_location("adopt_bench", ROOT / "benchmarks" / "adopt.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["adopt_bench"] = module
    spec.loader.exec_module(module)
    return module


def _stranger(folder, layout="ece284-ws", geometry=GEOMETRY):
    stated = load_layout(layout) if isinstance(layout, str) else layout
    write_probe(stated, Geometry.parse(geometry), folder)
    (folder / "manifest.json").unlink()
    return folder


def test_the_commands_print_what_the_page_says(run_command, tmp_path, monkeypatch):
    """Line by line; the files are those of the page."""
    monkeypatch.chdir(tmp_path)
    for name, text in re.findall(r"```([\w/]+\.txt)\n(.*?)```", PAGE, re.DOTALL):
        path = Path("bench") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    commands = re.findall(r"```console\n\$ (.*)\n((?:.*\n)*?)```", PAGE)
    assert len(commands) == 6
    for command, told in commands:
        if not command.startswith("tilewright "):
            subprocess.run(command, shell=True, check=True)
            continue
        status, out, err = run_command(*shlex.split(command)[1:])
        assert out + err == told, command
        assert status == ("verdict: fail" in told)


def test_every_option_is_on_the_page(run_command):
    described = run_command("adopt", "--help")[1].partition("Options")[2]
    options = set(re.findall(r"(?<![\w-])--[a-z]+\b", described)) - {"--help"}
    assert options <= set(re.findall(r"--[a-z]+", PAGE))


@pytest.mark.parametrize("seed", [286, 287, 289, 291, 294])
def test_random_layouts_over_random_layers(tmp_path, seed):
    """The full number: ``python benchmarks/adopt.py``."""
    bench = _benchmark()
    outcome = bench.play(bench.draw(seed), tmp_path, seed)
    assert outcome.found, outcome
    assert outcome.named, outcome


@pytest.mark.parametrize("digits", ["binary", "decimal"])
def test_signed_activations(tmp_path, digits):
    facts = {
        name: {"radix": digits} | ({"separator": ","} if digits == "decimal" else {})
        for name in ("activation", "weight", "psum")
    }
    facts["activation"] |= {
        "file": "x.txt",
        "plane": "padded",
        "lines": "itile nij",
        "word": "-row",
    }
    facts["weight"] |= {
        "file": "w{kij}.txt",
        "lines": "otile itile col",
        "word": "-row",
        "bits": "weight",
    }
    facts["psum"] |= {"file": "out.txt", "lines": "otile onij", "word": "-col", "bits": "psum"}
    facts["activation"]["bits"] = "act"
    layout = Layout.from_facts({"name": "mine", "description": "signed"} | facts)
    geometry = "ic=4,oc=5,size=4x5,kernel=3,stride=1,padding=1,bits=s4/4/16,rows=4,cols=5"
    write_probe(layout, Geometry.parse(geometry), tmp_path, seed=3)
    (tmp_path / "manifest.json").unlink()
    found = adopt(tmp_path)
    assert found.passed
    assert [layer.is_exact for layer in found.layers] == [True]
    assert ",bits=s4/" in found.layers[0].geometry
    lines = (tmp_path / "out.txt").read_text().splitlines()
    lines[3] = lines[3][:-1] + str(int(lines[3][-1]) ^ 1)
    (tmp_path / "out.txt").write_text("\n".join([*lines, ""]))
    assert not adopt(tmp_path).passed


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "geometries"),
    [
        ("choke8-w4a4", ["ic=8,oc=8,size=4,kernel=3,stride=1,padding=1,bits=4/4/16,rows=8,cols=8"]),
        (
            "choke16-w4a2",
            [
                "ic=16,oc=16,size=4,kernel=3,stride=1,padding=1,bits=2/4/16,rows=16,cols=8",
                "ic=8,oc=8,size=4,kernel=3,stride=1,padding=1,bits=4/4/16,rows=8,cols=8",
            ],
        ),
    ],
)
def test_files_that_a_real_bench_reads(witness_folder, name, geometries):
    """From the files alone: two layers in one folder, too."""
    found = adopt(witness_folder / name)
    assert found.passed
    assert [layer.geometry for layer in found.layers] == geometries
    assert found.others == ()
    compared = sum(layer.verdict.compared for layer in found.layers)
    assert compared == {"choke8-w4a4": 1408, "choke16-w4a2": 2560 + 1280}[name]


@pytest.mark.data
def test_one_wrong_bit_of_a_real_bench_is_named(witness_folder, tmp_path):
    folder = Path(shutil.copytree(witness_folder / "choke8-w4a4", tmp_path / "f"))
    path = folder / "psum_4.txt"
    lines = path.read_bytes().split(b"\n")
    lines[5] = lines[5][:-1] + (b"1" if lines[5][-1:] == b"0" else b"0")
    path.write_bytes(b"\n".join(lines))
    found = adopt(folder)
    assert not found.passed
    (layer,) = found.layers
    firsts = [kind.first for kind in layer.verdict.kinds if kind.first]
    assert [(f.file, f.kij, f.oc, f.oh, f.ow) for f in firsts] == [("psum_4.txt", 4, 0, 1, 1)]


def test_what_the_numbers_do_not_decide_is_said_and_a_probe_decides(run_command, tmp_path):
    """Taps but the middle one are 0, so no order of taps can be told from another."""
    layout = load_layout("ece284-ws")
    folder = _stranger(
        tmp_path / "f", geometry="ic=2,oc=3,size=4,kernel=3,padding=1,bits=4/4/16,rows=2,cols=3"
    )
    for path in folder.glob("weight*"):
        if "kij4" not in path.name:
            path.write_text(re.sub(r"^[01]+$", "0" * 8, path.read_text(), flags=re.MULTILINE))
    verdict = check_foreign(
        folder,
        layout,
        Geometry.parse("ic=2,oc=3,size=4,kernel=3,padding=1,bits=4/4/16,rows=2,cols=3"),
    )
    wrong = next(kind for kind in verdict.kinds if kind.kind == "psum")
    assert wrong.mismatches
    _recompute(folder)
    status, out, _ = run_command("adopt", folder, "--probe", tmp_path / "probe")
    assert status == 0, out
    assert "fits too, the files do not decide (see --probe): " in out
    assert run_command("verify-bundle", tmp_path / "probe")[0] == 0
    assert (
        run_command("adopt", folder, "--probe", tmp_path / "probe")[0] == 0
    )  # a bundle is replaced


def _recompute(folder):
    """Psums and outputs of the middle tap alone, written by hand."""
    read = {p.name: p.read_text().split()[3:] for p in folder.glob("*.txt")}
    plane = np.array([[int(w[4:], 2), int(w[:4], 2)] for w in read["activation_tile0.txt"]])
    kernel = []
    for word in read["weight_itile0_otile0_kij4.txt"]:
        fields = [int(word[4:], 2), int(word[:4], 2)]
        kernel.append([f - 16 if f > 7 else f for f in fields])
    psums = plane.reshape(6, 6, 2)[1:5, 1:5].reshape(16, 2) @ np.array(kernel).T
    for name, values in (("psum.txt", psums), ("out.txt", np.maximum(psums, 0))):
        words = ["".join(f"{int(v) % 65536:016b}" for v in row[::-1]) for row in values]
        header = (folder / name).read_text().split("\n")[:3]
        (folder / name).write_text("\n".join([*header, *words, ""]))


def test_files_that_the_testbench_does_not_read_are_left_out(run_command, tmp_path):
    pytest.importorskip("pyslang")
    folder = _stranger(tmp_path / "f")
    (folder / "notes.txt").write_text("1010\n0101\n")
    (folder / "more.txt").write_text("11\n00\n10\n")
    reads = []
    for number, path in enumerate(sorted(folder.glob("[awop][ceus]*.txt"))):
        count = len(path.read_text().split()) - 3
        reads.append(
            f'f = $fopen("{path.name}", "r"); for (i = 0; i < 3; i = i + 1) '
            f'r = $fscanf(f, "%s", skip); for (i = 0; i < {count}; i = i + 1) '
            f'r = $fscanf(f, "%b", word); $fclose(f); // {number}'
        )
    bench = tmp_path / "tb.v"
    body = "\n".join(reads)
    bench.write_text(
        f"module tb; integer f, r, i; reg [255:0] skip; reg [63:0] word;\n"
        f"initial begin\n{body}\nend\nendmodule\n"
    )
    status, out, err = run_command("adopt", folder, "--testbench", bench)
    assert (status, err) == (0, "")
    assert "not understood: notes.txt" in out
    assert "2 of 2" not in out


def test_the_testbench_says_digits_bits_and_headers(tmp_path):
    """Numbers that look alike in three radices, a header of words, and how wide decimal numbers are."""
    pytest.importorskip("pyslang")
    x, weight = np.array([[[1, 0, 1], [0, 1, 1], [1, 1, 0]]]), np.array([[[[1, 0], [0, 1]]]])
    psums = reference_tap_psums(x[None], weight, ConvShape(1, 3, 3, 1, kh=2, kw=2))[:, 0].sum(
        axis=0
    )
    files = {"x.txt": (x, 3), "w.txt": (weight, 0), "y.txt": (psums, 0)}
    for name, (array, header) in files.items():
        text = "1\n" * header + "".join(f"{number}\n" for number in array.ravel().tolist())
        (tmp_path / name).write_text(text)
    body = ""
    for name, (array, header) in files.items():
        skip = f'for (i = 0; i < {header}; i = i + 1) r = $fscanf(f, "%s", skip);'
        loop = f'for (i = 0; i < {array.size}; i = i + 1) r = $fscanf(f, "%d", {name[0]});'
        body += f'f = $fopen("{name}", "r"); {skip} {loop} $fclose(f);\n'
    (tmp_path / "tb.v").write_text(
        "module tb; integer f, r, i; reg [255:0] skip; reg [2:0] x; reg signed [4:0] w;\n"
        f"reg signed [11:0] y;\ninitial begin\n{body}end\nendmodule\n"
    )
    found = adopt(tmp_path, testbench=tmp_path / "tb.v")
    assert found.passed
    (one,) = found.layers
    assert "bits=3/5/12" in one.geometry
    tables = one.layout.to_facts()
    assert tables["activation"]["header"] == ["1", "1", "1"]
    assert {tables[kind]["radix"] for kind in ("activation", "weight", "psum")} == {"decimal"}
    assert not any("decimal numbers do not say" in note for note in one.notes)


def test_the_next_command_can_be_pasted(run_command, tmp_path):
    """Folders and files with spaces are quoted."""
    folder, layout = _stranger(tmp_path / "their files"), tmp_path / "their layout.toml"
    out = run_command("adopt", folder, "--out", layout)[1]
    command = shlex.split(out.partition("try it:\n")[2].splitlines()[0])
    assert command[:5] == ["tilewright", "verify-bundle", str(folder), "--layout", str(layout)]
    assert run_command(*command[1:])[0] == 0


def test_json_has_the_same_facts(run_command, tmp_path):
    folder = _stranger(tmp_path / "f")
    status, out, _ = run_command("adopt", folder, "--json", "--out", tmp_path / "mine.toml")
    facts = json.loads(out)
    assert (status, facts["passed"], len(facts["layers"])) == (0, True, 1)
    assert Layout.from_facts(facts["layers"][0]["layout"]) == load_layout(tmp_path / "mine.toml")


def test_files_that_belong_to_no_convolution(run_command, tmp_path):
    rng = np.random.default_rng(1)
    for name in ("act", "weight", "psum"):
        words = ["".join(map(str, rng.integers(0, 2, 16))) for _ in range(9)]
        (tmp_path / f"{name}.txt").write_text("\n".join(words) + "\n")
    status, out, _ = run_command("adopt", tmp_path, "--seconds", "3")
    assert status == 1
    assert "no layout fits" in out


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "must hold files of activations, weights and expected numbers, but has 0 kinds"),
        ({"a.txt": "hello\n", "b.txt": ""}, "but has 0 kinds of numbers: none"),
        ({"a.txt": "01\n10\n", "b.dat": "\0\1"}, "but has 1 kind of numbers: a.txt"),
    ],
)
def test_bad_input_is_one_line(run_command, tmp_path, files, message):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    status, out, err = run_command("adopt", tmp_path)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_a_folder_that_is_none_and_a_layout_that_is_there(run_command, tmp_path):
    status, _, err = run_command("adopt", tmp_path / "none")
    assert (status, err.count("\n")) == (2, 1)
    assert "must be a folder of vector files: there is none" in err
    (tmp_path / "mine.toml").write_text("")
    status, _, err = run_command("adopt", tmp_path, "--out", tmp_path / "mine.toml")
    assert (status, err.count("\n")) == (2, 1)
    assert "exists already: give another name for the layout" in err
