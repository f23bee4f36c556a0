"""Psum width against accuracy, and multipliers for thresholds: counts that the reference confirms."""

import numpy as np
import pytest

from tests.naive import wrap
from tests.networks import chain, residual
from tests.sabotage.test_certificate import Silent, subject_of
from tilewright.errors import ConfigError
from tilewright.spec import fit_multiplier_shift, signed_bits_needed
from tilewright.studies.multiplier_shift import requantize_by_shift
from tilewright.studies.psum_width import draw_curve, psum_width
from tilewright.verify import reference_next_codes, reference_sums, reference_trace


def predict_wrapped(network, pixels, bits):
    """The reference, layer after layer, with every psum wrapped."""
    codes = pixels
    for node in network.nodes:
        sums = wrap(reference_sums(node, codes), bits)
        for link in node.requantizations:
            codes = reference_next_codes(sums, link)
    return network.classes(sums)


def test_the_curve_of_wrapped_psums_is_the_references():
    subject = subject_of(chain(np.random.default_rng(3)), count=12)
    facts = psum_width(
        subject, Silent(), overflow="wrap", place="column", rows=8, images=12, bits=(6, 8, 10)
    )
    for point in facts.points:
        classes = predict_wrapped(subject.network, subject.test.images, point.bits)
        assert point.differ == int((classes != subject.predictions).sum())
        assert point.correct == int((classes == 0).sum())
    assert facts.points[0].differ > 0
    assert facts.place == "any"
    sums = reference_trace(subject.network, subject.test.images).sums
    assert facts.observed == max(
        signed_bits_needed(min(0, int(values.min())), max(0, int(values.max())))
        for values in sums.values()
    )


@pytest.mark.parametrize("place", ["column", "tap", "tile"])
@pytest.mark.parametrize("make", [chain, residual])
def test_safe_widths_are_safe_and_ordered(place, make, tmp_path):
    subject = subject_of(make(np.random.default_rng(3)), count=6)
    facts = psum_width(
        subject, Silent(), overflow="saturate", place=place, rows=3, images=6, bits=()
    )
    assert facts.observed <= facts.by_weights <= facts.by_type
    assert facts.points[-1].bits == facts.by_weights
    for point in facts.points:
        if point.bits >= facts.observed:
            assert point.differ == 0
    draw_curve(facts, tmp_path / "curve.svg")
    assert (tmp_path / "curve.svg").read_text().startswith("<svg ")


def codes_of(thresholds, direction, every):
    return np.searchsorted(thresholds, every * direction, side="right")


def test_codes_of_multipliers_are_counted():
    subject = subject_of(chain(np.random.default_rng(3), bits=2), count=6)
    network = subject.network
    facts = requantize_by_shift(subject, Silent(), bits=8, images=6)
    trace = reference_trace(network, subject.test.images)
    for node in network.nodes:
        for link in node.requantizations:
            low, high = node.sum_range()
            other = fit_multiplier_shift(link, low, high, bits=8).as_requantization()
            found = facts["links"][f"{node.name} to {link.port}"]
            codes = reference_next_codes(trace.sums[node.name], other)
            assert found["codes"] == codes.size
            assert found["codes_differ"] == int((codes != trace.codes[link.port]).sum())
            every = np.arange(low, high + 1)
            both = zip(link.thresholds, other.thresholds, link.direction, strict=True)
            wrong = [
                int((codes_of(a, sign, every) != codes_of(b, sign, every)).sum())
                for a, b, sign in both
            ]
            assert found["reachable_differ"] == sum(wrong)
            assert found["exact_channels"] == wrong.count(0)
            assert found["reachable"] == len(every) * len(wrong)
    assert facts["codes_differ"] > 0  # random thresholds are not evenly spaced


def test_other_numbers_of_images_are_refused():
    subject = subject_of(chain(np.random.default_rng(3)))
    with pytest.raises(ConfigError, match=r"^images must be 1..6, not 7$"):
        psum_width(subject, Silent(), overflow="wrap", place="tap", rows=8, images=7)
    with pytest.raises(ConfigError, match=r"^images must be 1..6, not 0$"):
        requantize_by_shift(subject, Silent(), bits=8, images=0)
