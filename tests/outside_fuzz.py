"""Data from outside, damaged at random: refused in one clear line, or read as it says.

`Fuzz.case(number)` damages one thing and reads it, the same for the same seed and number;
``benchmarks/fuzz.py`` runs a million of them in processes with limits, the tests a slice. A reading is right
if what was read, written again and read again, is equal; for vector files and layouts, `tests.vector_fuzz`
knows more.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import struct
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save
from safetensors.torch import load as load_torch

from tests.networks import chain
from tests.qonnx_files import File
from tests.spoiled_onnx import spoil_onnx
from tests.tflite_networks import mixed
from tests.vector_fuzz import Fuzz as VectorFuzz
from tests.vector_fuzz import _clear
from tilewright.config import dump_config, load_config
from tilewright.cores.transcript import read_transcript
from tilewright.errors import TilewrightError
from tilewright.interchange import read_tflite
from tilewright.interchange.onnx_in import read_onnx
from tilewright.lint import lint
from tilewright.spec import DataClaim, IntegerNetwork, PackedNetwork
from tilewright.spec.packed_network import _digest
from tilewright.store.artifact import read_artifact, sha256
from tilewright.train import checkpoint

WILD = [
    *(b"9" * 5000, b"1000000000", b"-1", b"0", b"1e999", b"NaN", b"-Infinity", b"1.5", b"true"),
    *(b"[" * 3000, b"{" * 300, b'"' + b"x" * 5000 + b'"', b'"../../../x"', b'"\\u0000"', b"65536"),
    *(b"18446744073709551616", b"null", b'""', b"[]", b"{}", b"inf", b"4294967295", b"[[1]]"),
]
NUMERIC = b"0123456789.-+e"
RECORD = (
    "0f fold otile=0 itile=0 kij=0 cycles=15\n"
    "0f mismatch what=psum otile=0 onij=3 col=2 expected=0101 actual=01xx time=1230\n"
    "0f fault otile=0 time=1240 the job did not end\n"
    "0f job otile=0 cycles=15\n"
    "0f layer psums=6 psum_mismatches=1 outputs=6 output_mismatches=0 "
    "stored_mismatches=0 unused_mismatches=0 overflows=0 faults=1\n"
    "0f summary layers=1 lines=5\n"
)
BENCH = """`define N 4
module t; integer f, r, i; reg [3:0] x, m [0:3]; reg [8*20:1] line; string s;
  function [3:0] half(input [3:0] v); half = v >> 1; endfunction
  initial begin
    f = $fopen("d.txt", "r");
    r = $fgets(line, f);
    for (i = 0; i < `N; i = i + 1) begin r = $fscanf(f, "%4b", x); m[i] = half(x) ** 2; end
    while (!$feof(f)) r = $fscanf(f, "%d,%h\\n", x, i);
    $fclose(f); $readmemb("m.txt", m, 0, 3); s = $sformatf("%0d%s%5h", i, line, x);
    case (x) 1: i = {4{x}}; default: repeat (3) i = i * 7 % 5; endcase
    if (m[0] !== x) $display("%b", m[0][2:1]); $finish;
  end
endmodule
"""
PIECES = [
    *("`define A `A `A\n", "`N", "`include \"d.txt\"\n", "{1000000{x}}", "[1000000000:0]", "(", "(((("),
    *("forever ", "while (1) ", "x ** x ** 99999", "%999999999d", "$fscanf(f, ", "x = x / 0;", "#5 ", "-"),
    *("generate ", "'bx", "99999999999'd1", "f(", "$readmemh(\"d.txt\", m);", "\"", "/*", "\\", "//"),
]  # fmt: skip


SIZES = [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\1\0\0\0"]


class Fuzz:
    """Small valid files of every kind, in a folder, and what becomes of damaged ones."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.vectors = VectorFuzz(folder / "vectors", seed)
        self._make()
        self.kinds: dict[str, tuple[int, Callable[[random.Random], str]]] = {
            "vector file": (30, lambda _: self.vectors._file()),
            "vector hash": (4, lambda _: self.vectors._hash()),
            "manifest": (16, lambda _: self.vectors._manifest()),
            "layout": (12, lambda _: self.vectors._layout()),
            "toml": (10, self._toml),
            "network": (12, self._network),
            "tensors": (12, self._tensors),
            "packed": (10, self._packed),
            "onnx": (14, self._onnx),
            "tflite": (2, self._tflite),
            "transcript": (30, self._transcript),
            "checkpoint": (6, self._checkpoint),
            "testbench": (1, self._testbench),
        }
        self._names = list(self.kinds)
        self._weights = [weight for weight, _ in self.kinds.values()]

    def _make(self) -> None:
        rng = np.random.default_rng(0)
        network = chain(rng)
        network.save(self.folder / "network")
        self.arrays, self.facts = read_artifact(self.folder / "network", "integer-network")
        claim = DataClaim("digits", 4, "0" * 64)
        classes = tuple("abcde")
        packed = PackedNetwork(network, classes, claim, np.array([0, 1, 2, 3]), {"seed": 1})
        packed.save(self.folder / "packed")
        self.packed_json = (self.folder / "packed.json").read_bytes()
        self.packed_npz = (self.folder / "packed.npz").read_bytes()
        self.onnx = File().save(self.folder / "net.onnx").read_bytes()
        self.tflite = mixed(self.folder / "net.tflite").read_bytes()
        self.toml = dump_config(load_config()).encode()
        folder = self.folder / "checkpoint"
        folder.mkdir()
        tensors = load_torch(save({"weight": np.arange(6, dtype=np.float32).reshape(2, 3)}))
        checkpoint.save_checkpoint(folder, {"epoch": 1}, {"best": tensors})
        self.checkpoint = (folder / "checkpoint.json").read_bytes()
        (self.folder / "bench").mkdir()
        (self.folder / "bench" / "d.txt").write_text("#head\n0101\n0011\n1111\n0000\n1,f\n")
        (self.folder / "bench" / "m.txt").write_text("0001\n0010\n0011\n0100\n")

    def case(self, number: int) -> tuple[str, str]:
        """Kind and outcome ("refused", "read", "equal") of a case; raises what should not be raised."""
        rng = random.Random(f"{self.seed} {number}")
        (kind,) = rng.choices(self._names, self._weights)
        self.vectors.random = rng
        try:
            outcome = self.kinds[kind][1](rng)
        except TilewrightError as error:
            outcome = _clear(error)
        return kind, outcome

    def kind_of(self, number: int) -> str:
        """The kind of a case, without running it."""
        return random.Random(f"{self.seed} {number}").choices(self._names, self._weights)[0]

    def _toml(self, rng: random.Random) -> str:
        path = self.folder / "config.toml"
        path.write_bytes(wild(rng, self.toml))
        config = load_config(path)
        path.write_text(dump_config(config), encoding="utf-8")
        assert load_config(path) == config, "another configuration came back"
        return "read"

    def _network(self, rng: random.Random) -> str:
        """The description beside the arrays, whose hash stays right."""
        path = self.folder / "network.json"
        path.write_bytes(self._json(rng, self.facts))
        self._write_tensors(self.arrays)
        return self._same(IntegerNetwork.load(self.folder / "network"))

    def _tensors(self, rng: random.Random) -> str:
        """The arrays, or the header of their file; the description states their hash."""
        if rng.random() < 0.5:
            arrays = {name: array.copy() for name, array in self.arrays.items()}
            name = rng.choice(list(arrays))
            arrays[name] = _other(rng, arrays[name])
            content = save(arrays)
        else:
            content = save(self.arrays)
            size = struct.unpack("<Q", content[:8])[0]
            header = wild(rng, content[8 : 8 + size])
            claim = (
                len(header)
                if rng.random() < 0.8
                else rng.choice([0, 2**63, 2**31, len(header) + 1])
            )
            content = struct.pack("<Q", claim) + header + content[8 + size :]
        self._write_tensors(content)
        (self.folder / "network.json").write_text(
            json.dumps(self.facts | {"sha256": sha256(content)}), encoding="utf-8"
        )
        return self._same(IntegerNetwork.load(self.folder / "network"))

    def _write_tensors(self, content: bytes | dict[str, Any]) -> None:
        raw = save(content) if isinstance(content, dict) else content
        (self.folder / "network.safetensors").write_bytes(raw)

    def _same(self, network: IntegerNetwork) -> str:
        """Written and read again, the network must be the same one."""
        network.save(self.folder / "again")
        again = IntegerNetwork.load(self.folder / "again")
        assert again.fingerprint() == network.fingerprint(), "another network came back"
        (self.folder / "again.json").unlink()
        return "read"

    def _packed(self, rng: random.Random) -> str:
        facts, content = json.loads(self.packed_json), self.packed_npz
        facts.pop("sha256")
        text = json.dumps(facts).encode()
        match rng.randrange(4):
            case 0 | 1:
                text = self._json(rng, facts)
            case 2:
                content = wild(rng, content)
            case _:
                content = _other_npz(rng, content)
        with contextlib.suppress(ValueError, RecursionError, TypeError):
            facts = json.loads(text)
            text = json.dumps(facts | {"sha256": _digest(facts, content)}).encode()
        stem = self.folder / "other"
        stem.with_suffix(".json").write_bytes(text)
        stem.with_suffix(".npz").write_bytes(content)
        found = PackedNetwork.load(stem)
        found.save(stem)
        again = PackedNetwork.load(stem)
        assert again.network.fingerprint() == found.network.fingerprint(), "another one came back"
        return "read"

    def _json(self, rng: random.Random, facts: Any) -> bytes:
        """The facts with another value at a place, or their text damaged."""
        if rng.random() < 0.3:
            return wild(rng, json.dumps(facts).encode())
        changed = self.vectors._mutated(deepcopy(facts))
        return json.dumps(changed).encode().replace(b'"WILD"', rng.choice(WILD))

    def _onnx(self, rng: random.Random) -> str:
        path = self.folder / "other.onnx"
        if rng.random() < 0.4:
            path.write_bytes(wild(rng, self.onnx))
        else:
            spoil_onnx(rng).save(path)
        return self._same(read_onnx(path).network)

    def _tflite(self, rng: random.Random) -> str:
        path = self.folder / "other.tflite"
        path.write_bytes(wild(rng, self.tflite, SIZES))
        return self._same(read_tflite(path).network)

    def _transcript(self, rng: random.Random) -> str:
        text = wild(rng, RECORD.encode()).decode(errors="replace")
        (found,) = read_transcript(text, nonce="0f", status=0, output="", layers=1)
        lines = text.splitlines()
        assert all(line.startswith("0f ") for line in lines)
        assert len(found.mismatches) + len(found.faults) <= len(lines) - 2
        wrong = sum(
            found.counts[f"{kind}_mismatches"] for kind in ("psum", "output", "stored", "unused")
        )
        assert len(found.mismatches) == min(wrong, 20), "lines that the counts do not know"
        assert len(found.faults) == min(found.counts["faults"], 20)
        return "equal" if text == RECORD else "read"

    def _checkpoint(self, rng: random.Random) -> str:
        folder = self.folder / "checkpoint"
        manifest = folder / "checkpoint.json"
        manifest.write_bytes(self._json(rng, json.loads(self.checkpoint)))
        try:
            facts = checkpoint._trained_facts(folder)
            found = checkpoint.read_tensors(folder, facts, "best")
        finally:
            manifest.write_bytes(self.checkpoint)
        assert found["weight"].tolist() == [[0, 1, 2], [3, 4, 5]], "other weights"
        return "equal"

    def _testbench(self, rng: random.Random) -> str:
        folder = self.folder / "bench"
        (folder / "t.v").write_bytes(wild(rng, BENCH.encode(), [one.encode() for one in PIECES]))
        report = lint(folder, testbench=folder / "t.v", max_steps=2000)
        assert all("\n" not in str(finding) for finding in report.findings)
        return "read"


def wild(rng: random.Random, content: bytes, pieces: list[bytes] | None = None) -> bytes:
    """`content` with one or two pieces removed, doubled, inserted, or a number or text exchanged."""
    for _ in range(rng.choice([1, 1, 2])):
        start = rng.randrange(len(content) + 1)
        stop = min(len(content), start + rng.choice([0, 1, 1, 4, 30]))
        if rng.random() < 0.5:  # a whole number
            while stop < len(content) and content[stop : stop + 1] not in NUMERIC:
                stop += 1
            start = stop
            while stop < len(content) and content[stop : stop + 1] in NUMERIC:
                stop += 1
        piece = content[start:stop]
        junk = rng.randbytes(rng.choice([1, 1, 2, 8]))
        middle = rng.choice([b"", piece * 2, junk, piece[::-1], *[rng.choice(pieces or WILD)] * 5])
        content = content[:start] + middle + content[stop:]
    return content


def _other(rng: random.Random, array: Any) -> Any:
    """The array with another shape, type or number in it."""
    match rng.randrange(5):
        case 0:
            return array.reshape(-1)
        case 1:
            return array.astype(
                rng.choice(["float64", "int8", "uint8", "int64", "float32", "bool"])
            )
        case 2:
            return array[: len(array) // 2].copy() if array.ndim else array
        case 3 if array.size and array.dtype.kind == "f":
            array.reshape(-1)[0] = rng.choice([np.nan, np.inf, -1.0, 0.0, 1e308])
        case _ if array.size:
            array.reshape(-1)[0] = rng.choice([0, 1, 2, 127, 100])
    return array


def _other_npz(rng: random.Random, content: bytes) -> bytes:
    """The archive with another array, one more or less, or one that is large when it is unpacked."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = dict(archive)
    name = rng.choice(list(arrays))
    match rng.randrange(6):
        case 0:
            del arrays[name]
        case 1:
            arrays["odd"] = np.zeros(3)
        case 2 if rng.random() < 0.02:
            arrays[name] = np.zeros(1 << 26, np.uint8)
        case _:
            arrays[name] = _other(rng, arrays[name])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
