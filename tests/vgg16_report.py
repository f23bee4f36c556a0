"""A report of the size of VGG16, without its training: the committed network, and codes at random."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from tilewright.config.array import ArrayConfig
from tilewright.facts import (
    LayerVerdict,
    RecoverFacts,
    RunFacts,
    StageResult,
    TileFacts,
    VerifyFacts,
)
from tilewright.pipeline.layer_facts import layer_facts
from tilewright.pipeline.picture import make_picture
from tilewright.report import render_page, summarize
from tilewright.spec import PackedNetwork, Stimulus, signed_bits_needed

NAME = Path(__file__).parents[1] / "models" / "vgg16-choke8-w4a4"


def vgg16_page() -> str:
    """The HTML text."""
    network = PackedNetwork.load(NAME).network
    rng = np.random.default_rng(0)
    codes = {
        node.name: rng.integers(0, node.act_format.max_code, (1, *node.input_shape), np.uint8)
        for node in network.nodes
    }
    output = network.output
    sums = {output.name: rng.integers(-999, 999, (1, *output.output_shape))}
    stimulus = Stimulus(np.array([0]), codes, sums)
    array = ArrayConfig()
    run = SimpleNamespace(network=lambda: network, stimulus=lambda: stimulus, array=lambda: array)
    layers = tuple(layer_facts(layer) for layer in network.layers)
    found = RunFacts(
        recover=StageResult(RecoverFacts(samples=1, layers=layers)),
        verify=StageResult(VerifyFacts(samples=1, layers=tuple(map(_verdict, network.layers)))),
        tile=StageResult(TileFacts(array=array.shape, layers=())),
    )
    return render_page(summarize(found, stale=()), found, [], "", picture=make_picture(run, found))


def _verdict(layer) -> LayerVerdict:
    reach = layer.psum_range()
    return LayerVerdict(
        layer=layer.name,
        psums_compared=1,
        psum_mismatches=0,
        next_codes_compared=1,
        next_code_mismatches=0,
        unlinked="",
        psum_bits_needed=signed_bits_needed(*reach),
        psum_bits_by_type=20,
        psum_bits=20,
        psum_reachable=reach,
        psum_observed=(0, 0),
    )
