"""One process of a distributed training: ``torchrun ... training_process.py FOLDER``; prints hashes."""

import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from tests.unit.train.digits_subset import RECIPE, SPEC, few_digits
from tilewright.recover.capture import capture_forward
from tilewright.store.artifact import sha256
from tilewright.train import join_world, load_trained, train_network


def main() -> None:
    folder, data = Path(sys.argv[1]), few_digits()
    recipe = replace(RECIPE, ema_decay=0.9, norm_images=16)
    train_network(SPEC, data, folder=folder, recipe=recipe)
    told = hashes(load_trained(folder))
    line = f"rank {join_world('cpu').rank}: {told}\n"
    sys.stdout.write(line)  # one write, so that lines of two processes do not mix


def hashes(model: nn.Module) -> str:
    """Of all weights, and of every psum of four images."""
    weights = b"".join(tensor.numpy().tobytes() for tensor in model.state_dict().values())
    captures = capture_forward(model, torch.from_numpy(few_digits().test.images[:4]))
    psums = b"".join(capture.psums.tobytes() for capture in captures.values())
    return f"{sha256(weights)} {sha256(psums)}"


if __name__ == "__main__":
    main()
