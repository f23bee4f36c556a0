"""State the trained network in integers, and what chosen test samples become in it."""

from __future__ import annotations

import numpy as np
import torch

from tilewright.data import load_data
from tilewright.errors import ConfigError, counted
from tilewright.facts import RecoverFacts, StageResult
from tilewright.pipeline.layer_facts import layer_facts
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.recover import recover as recover_module
from tilewright.train import load_trained


def recover(run: RunFolder, listener: Listener) -> StageResult[RecoverFacts]:
    """Write the integer network and the stimulus of the first test samples."""
    config = run.config()
    data = load_data(config.data.name, data_dir=config.data_dir)
    images = data.test.images
    wanted = config.recover.samples
    if wanted > len(images):
        raise ConfigError(
            f"recover.samples must be at most the {len(images)} test images, not {wanted}"
        )
    module = load_trained(run.folder("train"))
    network, stimulus = recover_module(
        module, torch.from_numpy(images[:wanted]), np.arange(wanted, dtype=np.int64)
    )
    run.begin("recover")
    network.save(run.network_stem)
    stimulus.save(run.stimulus_stem)
    listener.say(
        f"{counted(len(network.layers), 'layer')} in integers, {counted(wanted, 'sample')}"
    )
    layers = tuple(layer_facts(layer) for layer in network.layers)
    labels = tuple(int(label) for label in data.test.labels[:wanted])
    facts = RecoverFacts(samples=wanted, layers=layers, labels=labels, classes=tuple(data.classes))
    return StageResult(facts)
