"""How fast is a whole network on integers, and beside ONNX Runtime's integer operators?

``python benchmarks/integers.py [--model NAME.json] [--images 10000] [--threads 2] [--json]``

Without ``--model`` the network is the choked VGG16, W4A4, untrained but initialized (one forward in
training mode sets steps and BatchNorm statistics), on random images: the time of integer arithmetic does
not depend on the values. A packed network is timed the same way.

- `seconds_10k`: the engine's time for 10,000 images, pixels in and classes out, compiled and packed before
  the clock starts; measured on ``--images`` and scaled. For each kind of engine; the default's counts.
- `vs_onnxruntime`: how many times faster than ONNX Runtime with the same network as ConvInteger,
  MatMulInteger, comparisons and MaxPool, with as many threads, at the fastest of a few batch sizes, on
  ``--onnx-images``. The best of ``--repeats`` counts for each. All sums of the output must be equal, or the
  benchmark fails. Without onnxruntime this line is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.engine import Engine
from tilewright.errors import ToolError
from tilewright.spec import IntegerNetwork, PackedNetwork, find_packed

ONNX_BATCHES = (1, 8, 32)
TEN_THOUSAND = 10_000


def main() -> None:
    """Measure, and print a line for each figure; the last line is JSON with ``--json``."""
    options = _parse()
    network = _network(options.model)
    sizes = network.node(network.inputs[0]).input_shape
    images = np.random.default_rng(0).integers(0, 256, (options.images, *sizes), np.uint8)
    facts: dict[str, Any] = {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": options.threads,
        "images": options.images,
    }
    for kind in ("auto", "blas"):
        facts[f"seconds_10k_{kind}"] = _time_engine(network, images, kind, options)
    facts["seconds_10k"] = facts["seconds_10k_auto"]
    facts |= _beside_onnxruntime(network, images[: options.onnx_images], options)
    if options.is_json:
        print(json.dumps(facts))


def _time_engine(
    network: IntegerNetwork, images: npt.NDArray[np.uint8], kind: Any, options: argparse.Namespace
) -> float:
    engine = Engine(network, kind=kind)
    engine.predict(images[: 2 * engine.batch], threads=options.threads)  # compiles
    seconds = min(_clock(lambda: engine.predict(images, threads=options.threads), options.repeats))
    scaled = seconds / len(images) * TEN_THOUSAND
    used = sorted(set(engine.arithmetic.values()))
    print(
        f"engine {kind:5} ({', '.join(used)}): {scaled:.1f} s for 10,000 images, {options.threads} threads"
    )
    return round(scaled, 3)


def _beside_onnxruntime(
    network: IntegerNetwork, images: npt.NDArray[np.uint8], options: argparse.Namespace
) -> dict[str, Any]:
    try:
        session, name = _onnx_session(network, options.threads)
    except ToolError as error:
        print(f"ONNX Runtime: not measured: {error}", file=sys.stderr)
        return {"vs_onnxruntime": None}
    engine = Engine(network)
    expected = engine.sums(images, threads=options.threads).reshape(len(images), -1)
    best: dict[int, float] = {}
    for batch in ONNX_BATCHES:
        parts = [images[start : start + batch] for start in range(0, len(images), batch)]
        found = np.concatenate([session.run(None, {name: part})[0] for part in parts])
        if not np.array_equal(found.reshape(expected.shape), expected):
            raise SystemExit(f"ONNX Runtime and the engine differ at batch {batch}")
        best[batch] = min(
            _clock(
                lambda parts=parts: [session.run(None, {name: part}) for part in parts],
                options.repeats,
            )
        )
    ours = min(_clock(lambda: engine.sums(images, threads=options.threads), options.repeats))
    fastest = min(best, key=best.__getitem__)
    ratio = best[fastest] / ours
    print(
        f"ONNX Runtime, ConvInteger, batch {fastest}: {best[fastest] / len(images) * TEN_THOUSAND:.1f} s for "
        f"10,000 images; {expected.size:,} sums equal; the engine is {ratio:.1f} times faster"
    )
    return {
        "vs_onnxruntime": round(ratio, 2),
        "onnxruntime_seconds_10k": round(best[fastest] / len(images) * TEN_THOUSAND, 3),
        "onnxruntime_batch": fastest,
        "onnxruntime_images": len(images),
        "sums_compared": int(expected.size),
    }


def _onnx_session(network: IntegerNetwork, threads: int) -> tuple[Any, str]:
    from tilewright.interchange import export_network
    from tilewright.interchange.extras import require

    runtime = require("onnxruntime", extra="onnx")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        export_network(network, path, form="onnx")
        choice = runtime.SessionOptions()
        choice.intra_op_num_threads = threads
        choice.log_severity_level = 3
        session = runtime.InferenceSession(str(path), choice, providers=["CPUExecutionProvider"])
    return session, session.get_inputs()[0].name


def _clock(work: Any, repeats: int) -> list[float]:
    seconds = []
    for _ in range(repeats):
        since = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - since)
    return seconds


def _network(path: Path | None) -> IntegerNetwork:
    if path is not None:
        stem = find_packed(path)
        if stem is None:
            raise SystemExit(f"{path} must be a packed network (NAME.json)")
        return PackedNetwork.load(stem).network
    import torch

    from tilewright.models import build_model
    from tilewright.recover import recover

    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = build_model("vgg16", weight_bits=4, act_bits=4, choke_width=8)
    batch = torch.randint(0, 256, (32, 3, 32, 32), dtype=torch.uint8)
    model.train()(batch)
    return recover(model.eval(), batch[:1], np.arange(1))[0]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--model", type=Path, default=None, help="a packed network")
    parser.add_argument("--images", type=int, default=TEN_THOUSAND)
    parser.add_argument("--onnx-images", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--json", action="store_true", dest="is_json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
