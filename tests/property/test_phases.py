"""The closed form by phase equals what the register-level model counts, over random shapes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from tests.strategies import plans
from tilewright.sim import fold_phases, job_phases, layer_phases, network_phases, simulate
from tilewright.tile import Execution, tile_activations, tile_weights


def _run(plan):
    shape = plan.shape
    weight = np.ones((shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
    codes = np.ones((shape.ic, shape.ih, shape.iw), np.uint8)
    return simulate(Execution(plan), tile_weights(weight, plan), tile_activations(codes, plan))


@settings(max_examples=150, deadline=None)
@given(plan=plans())
def test_folds_jobs_and_layers_take_the_cycles_of_the_closed_form(plan):
    result, layer = _run(plan), layer_phases(plan)
    assert (result.fold_cycles == fold_phases(plan).total).all()
    assert (result.fold_cycles.sum(axis=(1, 2)) == job_phases(plan).total).all()
    assert result.cycles == layer.total
    assert result.load_cycles == layer.load
    words = plan.shape.nij * result.fold_cycles.size  # each is read once, and is one vector
    assert result.stream_cycles == words == layer.stream + layer.drain


@settings(max_examples=50, deadline=None)
@given(first=plans(), second=plans())
def test_a_network_is_the_sum_of_its_layers(first, second):
    cycles = _run(first).cycles + _run(second).cycles
    assert network_phases([first, second]).total == cycles
