"""The closed form by phase: numbers worked out by hand."""

from __future__ import annotations

from tilewright.sim import fold_cycles, fold_phases, job_phases, layer_phases, network_phases
from tilewright.sim.phases import Phases
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import Execution, TilePlan

TILED = TilePlan(ConvShape(5, 4, 6, 7, 3, 2, padding=(1, 0)), ArrayShape(3, 2, psum_bits=16))
"""36 words; 2 input tiles, 4 output tiles, 6 taps; a vector 7 cycles after its word."""

SHORT = TilePlan(ConvShape(ic=2, ih=2, iw=2, oc=3, kh=1, kw=1), ArrayShape(2, 3, psum_bits=8))


def test_a_fold_whose_stream_is_longer_than_the_way_through_the_array():
    assert fold_phases(TILED) == Phases(load=2, fill=7, stream=29, drain=7, accumulate=1)
    assert fold_phases(TILED).total == 36 + 2 * 2 + 3 + 3 == fold_cycles(Execution(TILED))


def test_a_fold_whose_last_word_is_read_before_the_first_vector_arrives():
    """The event table of docs/dataflows.md for 2x3 and four words: a vector 7 cycles after its word."""
    weight_reads, reads, arrivals, last_write = (0, 1, 2), (3, 4, 5, 6), (10, 11, 12, 13), 14
    counted = Phases(
        load=len(weight_reads),
        fill=arrivals[0] - reads[0],
        stream=len(set(reads) & set(arrivals)),
        drain=len([cycle for cycle in arrivals if cycle > reads[-1]]),
        accumulate=last_write - arrivals[-1],
    )
    assert fold_phases(SHORT) == counted == Phases(3, 7, 0, 4, 1)
    assert counted.total == last_write + 1


def test_jobs_layers_and_networks_are_sums_of_folds():
    assert job_phases(TILED) == Phases(24, 84, 348, 84, 12)
    assert layer_phases(TILED) == Phases(96, 336, 1392, 336, 48)
    assert layer_phases(TILED).total == 2208
    assert network_phases([TILED, SHORT, TILED]) == Phases(195, 679, 2784, 676, 97)


def test_a_network_without_layers_takes_no_cycle():
    assert network_phases([]).total == 0
