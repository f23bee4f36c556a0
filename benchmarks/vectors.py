"""How fast are vector files made and read, and how fast by the loops of a notebook?

``python benchmarks/vectors.py [--repeats 5] [--json]``

All convolutions of the choked VGG16 on one core: one image, layout ece284-ws, 8x8 array, random codes and
weights, 20-bit psums. Encoding goes from tensors (``oc ic kh kw``, ``ic ih iw``, ``oc oh ow``) to the bytes
of every file, tiling included; decoding goes back to equal tensors. Nothing is hashed or written to disk.

The loops write the files of the choke layer, 8 -> 8 channels on a 4x4 map, one element and one digit at a
time from torch tensors, as the course's notebooks do; their bytes must be equal to the encoder's.
``speedup_over_loops`` is the ratio of the two rates in MB/s. All are timed in turn, round by round;
figures are medians of the rounds.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from tilewright.models import ModelSpec
from tilewright.spec import ArrayShape, ConvShape, IntArray
from tilewright.tile import (
    TilePlan,
    tile_activations,
    tile_psums,
    tile_weights,
    untile_activations,
    untile_psums,
    untile_weights,
)
from tilewright.vectors import FieldWidths, decode, encode, load_layout

ARRAY = ArrayShape(rows=8, cols=8, psum_bits=20)
LAYOUT = load_layout("ece284-ws")
CHOKE = 8
IMAGE_EDGE = 32
PIXEL_BITS, ACT_BITS, WEIGHT_BITS = 8, 4, 4
TILE = {
    "activation": tile_activations,
    "weight": tile_weights,
    "psum": tile_psums,
    "output": tile_psums,
}
UNTILE = {
    "activation": untile_activations,
    "weight": untile_weights,
    "psum": untile_psums,
    "output": untile_psums,
}

Files = dict[str, dict[str, bytes]]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A layer, and a tensor for each kind of file."""

    plan: TilePlan
    widths: FieldWidths
    tensors: dict[str, IntArray]

    def encode(self) -> Files:
        """Tensors to the bytes of every file, by kind."""
        return {
            kind: encode(
                LAYOUT, kind, TILE[kind](tensor, self.plan), plan=self.plan, widths=self.widths
            )
            for kind, tensor in self.tensors.items()
        }

    def decode(self, files: Files) -> dict[str, IntArray]:
        """Inverse of `encode`."""
        return {
            kind: UNTILE[kind](
                decode(LAYOUT, kind, content, plan=self.plan, widths=self.widths), self.plan
            )
            for kind, content in files.items()
        }


def _case(shape: ConvShape, act_bits: int) -> Case:
    """Random codes over their whole ranges."""
    rng = np.random.default_rng(shape.macs)
    most, half = 2 ** (WEIGHT_BITS - 1) - 1, 2 ** (ARRAY.psum_bits - 1)
    psums = rng.integers(-half, half, (shape.oc, shape.oh, shape.ow))
    tensors: dict[str, IntArray] = {
        "activation": rng.integers(0, 2**act_bits, (shape.ic, shape.ih, shape.iw), np.uint8),
        "weight": rng.integers(-most, most + 1, (shape.oc, shape.ic, shape.kh, shape.kw), np.int8),
        "psum": psums,
        "output": np.maximum(psums, 0),
    }
    widths = FieldWidths(act_bits, WEIGHT_BITS, ARRAY.psum_bits)
    return Case(TilePlan(shape, ARRAY), widths, tensors)


def _network() -> list[Case]:
    """Every convolution of VGG16 with a chokepoint; the first one reads 8-bit pixels."""
    spec = ModelSpec("vgg16", weight_bits=WEIGHT_BITS, act_bits=ACT_BITS, choke_width=CHOKE)
    cases, channels = [], 3
    for stage, widths in enumerate(spec.stages):
        edge = IMAGE_EDGE >> stage
        for width in widths:
            shape = ConvShape(channels, edge, edge, width, 3, 3, padding=(1, 1))
            cases.append(_case(shape, ACT_BITS if cases else PIXEL_BITS))
            channels = width
    return cases


def loops(case: Case) -> dict[str, bytes]:
    """The files of a layer that fits the array, one digit at a time from torch tensors."""
    shape, plan = case.plan.shape, case.plan
    codes = torch.from_numpy(tile_activations(case.tensors["activation"], plan)[0].T.astype(float))
    weight = torch.from_numpy(case.tensors["weight"].astype(float))  # oc ic kh kw
    psums = torch.from_numpy(case.tensors["psum"].reshape(shape.oc, -1).astype(float))  # oc onij
    files = {"activation_tile0.txt": _rows(codes, ACT_BITS, "time", "row", shape.ic)}
    for kij in range(shape.taps):
        tap = weight[:, :, kij // shape.kw, kij % shape.kw].T  # ic oc
        name = f"weight_itile0_otile0_kij{kij}.txt"
        files[name] = _rows(tap, WEIGHT_BITS, "col", "row", shape.ic)
    files["psum.txt"] = _rows(psums, ARRAY.psum_bits, "time", "col", shape.oc)
    files["out.txt"] = _rows(torch.relu(psums), ARRAY.psum_bits, "time", "col", shape.oc)
    return files


def _rows(values: torch.Tensor, bits: int, line: str, lane: str, lanes: int) -> bytes:
    """values ``lane line`` as text, highest lane leftmost."""
    file = io.StringIO()
    for number in range(2):
        file.write(f"#{line}{number}{lane}{lanes - 1}..{lane}0#\n")
    file.write("#................#\n")
    for i in range(values.size(1)):
        for j in range(values.size(0)):
            value = round(values[lanes - 1 - j, i].item())
            digits = format(value + (2**bits if value < 0 else 0), f"0{bits}b")
            for k in range(bits):
                file.write(digits[k])
        file.write("\n")
    return file.getvalue().encode()


def _seconds(action: Callable[[], object], calls: int = 1) -> float:
    """Mean of so many calls."""
    start = time.perf_counter()
    for _ in range(calls):
        action()
    return (time.perf_counter() - start) / calls


def _size(files: Files) -> int:
    return sum(len(content) for kind in files.values() for content in kind.values())


def _measure(repeats: int) -> dict[str, Any]:
    cases = _network()
    encoded = [case.encode() for case in cases]
    for case, files in zip(cases, encoded, strict=True):
        for kind, tensor in case.decode(files).items():
            np.testing.assert_array_equal(tensor, case.tensors[kind])
    megabytes = sum(map(_size, encoded)) / 1e6
    choke = _case(ConvShape(CHOKE, 4, 4, CHOKE, 3, 3, padding=(1, 1)), ACT_BITS)
    by_kind = choke.encode()
    if loops(choke) != {name: text for files in by_kind.values() for name, text in files.items()}:
        raise AssertionError("the loops must write the bytes of the encoder")
    small = _size(by_kind) / 1e6
    actions: dict[str, tuple[float, int, Callable[[], object]]] = {
        "encode": (megabytes, 1, lambda: [case.encode() for case in cases]),
        "decode": (
            megabytes,
            1,
            lambda: [c.decode(f) for c, f in zip(cases, encoded, strict=True)],
        ),
        "loops": (small, 50, lambda: loops(choke)),
        "choke_encode": (small, 500, choke.encode),
    }
    rounds = [
        {key: size / _seconds(action, calls) for key, (size, calls, action) in actions.items()}
        for _ in range(repeats)
    ]
    rate = {key: statistics.median(one[key] for one in rounds) for key in actions}
    return {
        "encode_mb_per_s": rate["encode"],
        "decode_mb_per_s": rate["decode"],
        "speedup_over_loops": rate["encode"] / rate["loops"],
        "loops_mb_per_s": rate["loops"],
        "choke_encode_mb_per_s": rate["choke_encode"],
        "megabytes": megabytes,
        "files": sum(len(files) for layer in encoded for files in layer.values()),
        "layers": len(cases),
    }


def main() -> None:
    """Measure, print a table, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    facts = _measure(arguments.repeats) | {
        "repeats": arguments.repeats,
        "conditions": f"{LAYOUT.name}, 8x8 array, one image, one core, {platform.machine()}, "
        f"Python {platform.python_version()}, numpy {np.__version__}",
    }
    if not arguments.json:
        print(f"{facts['conditions']}; medians of {facts['repeats']}")
        print(
            f"{facts['layers']} layers, {facts['files']:,} files, {facts['megabytes']:.1f} MB of text"
        )
        print(f"encode {facts['encode_mb_per_s']:9.1f} MB/s")
        print(f"decode {facts['decode_mb_per_s']:9.1f} MB/s")
        print(f"loops  {facts['loops_mb_per_s']:9.3f} MB/s on the choke layer")
        print(f"encode is {facts['speedup_over_loops']:,.0f} times as fast as the loops")
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
