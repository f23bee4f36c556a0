"""Sixty modules of one's own: whole on integers, or refused before training with the operation named."""

import warnings

import numpy as np
import pytest
import torch

import tilewright as tw
from tests.quant.zoo_of_modules import REFUSED, USUAL, WHOLE
from tilewright.engine import Engine
from tilewright.errors import TilewrightError
from tilewright.quant import link_report
from tilewright.recover import recover, trace_forward
from tilewright.verify import compare_traces, reference_trace


def example(sizes):
    return torch.rand(*sizes, generator=torch.Generator().manual_seed(1))


def test_there_are_sixty_of_them():
    assert len(USUAL) == 20
    assert len(WHOLE) + len(REFUSED) >= 60


def check_whole(module, sizes, name):
    """The module's own forward, the reference and the engine agree in every code and sum of every node."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "Using padding='same' with even kernel")  # torch's own
        quantized = tw.quantize(module, weight_bits=4, act_bits=4, example=example(sizes))
    quantized(example(sizes))
    quantized.eval()
    network, stimulus = recover(quantized, example(sizes), np.arange(2))
    assert link_report(quantized).is_whole
    assert list(network.gaps()) == []
    images = stimulus.codes[network.inputs[0]]
    expected = reference_trace(network, images)
    for found in (trace_forward(quantized, example(sizes)), Engine(network).trace(images)):
        compared = compare_traces(expected, found, what=name)
        assert sum(one.compared for one in compared) > 10
        assert [str(one) for one in compared if one.mismatches] == []


def words_against(module, sizes):
    """The error of `quantize`, or its warnings; None if it has nothing against the module."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            tw.quantize(module, weight_bits=4, act_bits=4, example=example(sizes))
        except TilewrightError as error:
            return str(error)
    return "\n".join(str(one.message) for one in seen) or None


@pytest.mark.parametrize("name", WHOLE)
def test_it_is_whole_and_exact(name):
    check_whole(*WHOLE[name], name)


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_before_training_by_the_name_of_the_operation(name):
    module, sizes, said = REFUSED[name]
    against = words_against(module, sizes)
    assert against is not None
    assert any(word in against for word in said.split("|")), against
