"""The closed form by phase: numbers worked out by hand, and every phase of a hand-made timeline."""

from __future__ import annotations

from tests.unit.sim import timeline as t
from tilewright.sim import fold_cycles, fold_phases, job_phases, layer_phases, network_phases
from tilewright.sim.phases import Phases
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import TilePlan

TILED = TilePlan(ConvShape(5, 4, 6, 7, 3, 2, padding=(1, 0)), ArrayShape(3, 2, psum_bits=16))
"""36 words; 2 input tiles, 4 output tiles, 6 taps; a vector 7 cycles after its word."""


def test_a_fold_whose_stream_is_longer_than_the_way_through_the_array():
    assert fold_phases(TILED) == Phases(load=2, fill=7, stream=29, drain=7, accumulate=1)
    assert fold_phases(TILED).total == 36 + 2 * 2 + 3 + 3 == fold_cycles(TILED)


def test_a_fold_whose_last_word_is_read_before_the_first_vector_arrives():
    """The 2x3 array of the hand-made timeline, T = 4: word 0 is read in cycle 3, vector 0 pops in 10."""
    assert fold_phases(t.PLAN) == Phases(load=3, fill=7, stream=0, drain=4, accumulate=1)


def test_the_phases_are_those_of_the_hand_made_timeline():
    """SFU_VALID shows a popped vector after the end of its cycle."""
    arrivals = [cycle for cycle, valid in enumerate(t.SFU_VALID) if valid]
    reads = [cycle for cycle, state in enumerate([t.LOAD, *t.STATE]) if state == t.STREAM]
    cycles = range(t.STATE.index(t.IDLE) + 1)
    load = [cycle for cycle in cycles if cycle < reads[0]]
    fill = [cycle for cycle in cycles if reads[0] <= cycle < arrivals[0]]
    stream = [cycle for cycle in reads if cycle >= arrivals[0]]
    drain = [cycle for cycle in arrivals if cycle > reads[-1]]
    counted = Phases(len(load), len(fill), len(stream), len(drain), len(cycles) - arrivals[-1] - 1)
    assert counted == fold_phases(t.PLAN)


def test_jobs_layers_and_networks_are_sums_of_folds():
    assert job_phases(TILED) == Phases(24, 84, 348, 84, 12)
    assert layer_phases(TILED) == Phases(96, 336, 1392, 336, 48)
    assert layer_phases(TILED).total == 2208
    assert network_phases([TILED, t.PLAN, TILED]) == Phases(195, 679, 2784, 676, 97)


def test_a_network_without_layers_takes_no_cycle():
    assert network_phases([]).total == 0
