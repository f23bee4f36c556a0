"""How fast is a whole network on integers, and beside the int8 runtimes that people would use?

``python benchmarks/integers.py [--model NAME.json] [--images 10000] [--threads 2] [--json]``

Without ``--model`` the network is the choked VGG16, W4A4, untrained but initialized (one forward in
training mode sets steps and BatchNorm statistics), on random images: the time of integer arithmetic does
not depend on the values. A packed network is timed the same way.

- `seconds_10k`: the engine's time for 10,000 images, pixels in and classes out, compiled and packed before
  the clock starts; measured on ``--images`` and scaled. For each kind of engine; the default's counts.
- `vs_ort_qdq`, `vs_openvino`, `vs_inductor`: our time over theirs, on ``--peer-images``, each in turn with
  the engine in one run, processor seconds of the whole process; medians of ``--repeats`` rounds; for each
  peer its fastest batch size. ONNX Runtime with a QDQ graph by its own quantizer; OpenVINO on the same graph;
  torch's inductor after torchao's PT2E quantization. A peer that is not installed is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from int8_peers import peers

from tilewright.engine import Engine
from tilewright.spec import IntegerNetwork, PackedNetwork, find_packed

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
    facts |= _beside_peers(network, options)
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


def _beside_peers(network: IntegerNetwork, options: argparse.Namespace) -> dict[str, Any]:
    """For each peer at its fastest batch size: our time over its time, and its time."""
    sizes = network.node(network.inputs[0]).input_shape
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (options.peer_images, *sizes), np.uint8)
    floats = (pixels / np.float32(255)).astype(np.float32)
    engine = Engine(network)
    engine.sums(pixels[: engine.batch], threads=options.threads)
    found: dict[str, tuple[float, int, float]] = {}  # name: (theirs, batch, ours over theirs)
    for name, batch, run in peers(network, threads=options.threads):
        parts = [floats[start : start + batch] for start in range(0, len(floats), batch)]
        run(parts[0])
        rounds = [
            (
                _processor(lambda: engine.sums(pixels, threads=options.threads)),
                _processor(lambda parts=parts, run=run: [run(part) for part in parts]),
            )
            for _ in range(options.repeats)
        ]
        theirs = statistics.median(one for _, one in rounds) / len(floats) * TEN_THOUSAND
        ratio = statistics.median(ours / one for ours, one in rounds)
        print(
            f"{name}, batch {batch}: {theirs:.2f} processor s for 10,000 images; "
            f"ours takes {ratio:.2f} times that"
        )
        if name not in found or theirs < found[name][0]:
            found[name] = (theirs, batch, ratio)
    return {
        f"vs_{name}": {"ratio": round(ratio, 3), "seconds_10k": round(theirs, 3), "batch": batch}
        for name, (theirs, batch, ratio) in found.items()
    } | {"fused_layers": len(engine.fused_layers), "peer_images": len(floats)}


def _processor(work: Any) -> float:
    since = time.process_time()
    work()
    return time.process_time() - since


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
    parser.add_argument("--peer-images", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", dest="is_json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
