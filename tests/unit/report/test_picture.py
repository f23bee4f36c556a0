"""What the report draws: every number in a drawing is one of the run, and comes back from it."""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest

from tilewright.facts import Epoch, LayerWidths, PsumPoint, PsumWidthFacts
from tilewright.report import Picture, drawing, figures, image
from tilewright.report.motion import motion_data, packed
from tilewright.report.picture import CodeCounts, Motion, NodePicture, Planes
from tilewright.report.svg import ticks

TYPES = {"b": "<i1", "h": "<i2", "i": "<i4"}


def unpacked(stored):
    return np.frombuffer(zlib.decompress(base64.b64decode(stored["d"])), TYPES[stored["t"]])


def node(name, **values):
    plain = {"what": "conv 3x3", "shape": (8, 4, 4), "weight_bits": 4, "act_bits": 4, "feeds": ()}
    return NodePicture(**{"name": name, **plain, **values})


def texts(drawn):
    return ["".join(one.itertext()) for one in ElementTree.fromstring(str(drawn)).iter("text")]


def test_counts_of_codes():
    codes = CodeCounts.of(np.array([[-2, 0], [0, 1]], np.int8), -2, 2)
    assert codes == CodeCounts(-2, (1, 0, 2, 1, 0))
    assert codes.zero_share == 0.5
    assert CodeCounts.of(np.array([250, 255, 255], np.uint8), 0, 255).counts[250:] == (
        1,
        0,
        0,
        0,
        0,
        2,
    )
    assert CodeCounts(1, (3, 4)).zero_share == 0.0
    assert CodeCounts(0, ()).zero_share == 0.0


def bars(codes):
    drawn = ElementTree.fromstring(str(figures.histogram(codes, "codes")))
    return {
        one.findtext("title"): (one.get("class"), float(one.get("height")))
        for one in drawn.iter("rect")
    }


def test_a_histogram_has_a_bar_for_each_code_that_occurs():
    found = bars(CodeCounts(-1, (20, 30, 10)))
    assert found == {
        "code -1: 20": ("bar", 48.0),
        "code 0: 30": ("zero", 72.0),
        "code 1: 10": ("bar", 24.0),
    }


def test_a_tower_of_zeros_leaves_the_other_bars_in_sight():
    found = bars(CodeCounts(0, (9_000, 10, 0, 20)))
    assert found["code 0: 9,000"] == ("zero", 72.0)
    assert found["code 3: 20"] == ("bar", 36.0)
    assert bars(CodeCounts(0, (5, 0))) == {"code 0: 5": ("zero", 72.0)}


def test_the_network_marks_the_choke_and_names_who_feeds_whom():
    nodes = (
        node("a"),
        node("b", feeds=("a",)),
        node("sum", what="residual add", weight_bits=None, feeds=("a", "b")),
    )
    drawn = drawing.network(Picture(nodes=nodes, choke="b"))
    found = texts(drawn)
    assert found.count("choke: one tile") == 1
    assert found.count("from a, b") == 1
    assert str(drawn).count('class="choke"') == 1
    assert str(drawn).count('class="plain"') == 1
    assert "choke" not in str(drawing.network(Picture(nodes=nodes)))


def test_a_name_cannot_leave_its_text():
    drawn = drawing.network(Picture(nodes=(node("<b>&\"'"),)))
    assert "<b>" not in str(drawn)
    assert "<b>&\"'" in texts(drawn)


def motion(**values):
    rng = np.random.default_rng(0)
    plane, halves = (5, 2, 3), (5, 1, 2, 3)
    numbers = {
        "acts": rng.integers(0, 16, halves),
        "weights": rng.integers(-7, 8, halves),
        "shadows": None,
        "psums": rng.integers(-40_000, 40_000, plane),
        "valid": rng.integers(0, 2, plane).astype(bool),
        "words": rng.integers(0, 300, plane),
        "folds": np.zeros(plane, np.int64),
        "reads": np.arange(5) % 4,
        "pixels": np.arange(5) - 2,
        "vectors": rng.integers(-9, 9, (5, 3)),
    }
    head = {"title": "</script><b>", "layer": "conv", "sample": 0, "rows": 2, "cols": 3}
    rest = {"grid": (1, 1, 9), "total": 45, "psums_stay": False}
    return Motion(**{**head, **rest, **numbers, **values})


def test_the_registers_come_back_from_the_page():
    one = motion()
    text = motion_data([one])
    assert "<" not in text
    (stored,) = json.loads(text)
    assert (stored["title"], stored["cycles"], stored["shown"]) == ("</script><b>", 5, [2, 3])
    for name in (
        "acts",
        "weights",
        "psums",
        "valid",
        "words",
        "folds",
        "reads",
        "pixels",
        "vectors",
    ):
        assert (unpacked(stored[name]) == getattr(one, name).reshape(-1)).all(), name
    assert stored["shadows"] is None


def test_the_shortest_integers_that_hold_all():
    assert [
        packed(np.array([low, high]))["t"] for low, high in ((-128, 127), (0, 128), (-40_000, 0))
    ] == list("bhi")


def test_the_first_cycle_shown_is_a_lively_one():
    quiet = np.zeros((5, 1, 2, 3), np.int64)
    quiet[3] = 2
    one = motion(acts=quiet, weights=np.ones_like(quiet), valid=np.ones((5, 2, 3), bool))
    assert json.loads(motion_data([one]))[0]["first"] == 3


def pixels(uri):
    """RGB of a PNG whose rows are not filtered."""
    content = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    width, height = struct.unpack(">II", content[16:24])
    data = re.search(rb"IDAT(.*)....IEND", content, re.DOTALL)[1][:-4]
    rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


def planes(codes, most, least=0):
    return Planes(node="in", codes=codes, least=least, most=most, channels=len(codes))


def test_signed_codes_are_gray_where_they_are_0():
    gray = pixels(image.photo(planes(np.array([[[-8, 0, 7]]]), 7, least=-8)))
    assert gray[0, :, 0].tolist() == [0, 136, 255]


def test_codes_come_back_from_their_picture():
    codes = np.arange(3 * 2 * 4).reshape(3, 2, 4)
    color = pixels(image.photo(planes(codes, 23)))
    assert (color.transpose(2, 0, 1) == codes * 255 // 23).all()
    gray = pixels(image.photo(planes(codes[:1], 23)))
    assert (gray == (codes[0] * 255 // 23)[..., None]).all()


def test_channels_stand_side_by_side():
    codes = np.arange(9 * 2 * 2).reshape(9, 2, 2)
    sheet = pixels(image.sheet(planes(codes, 255)))[..., 0]
    assert sheet.shape == (5, 23)
    assert (sheet[:2, 3:5] == codes[1]).all()
    assert (sheet[3:, :2] == codes[8]).all()


def test_ticks_are_round_and_lie_within():
    assert ticks(0, 1, 4) == [0, 0.5, 1]
    assert ticks(-3, 22, 5) == [0, 5, 10, 15, 20]
    assert ticks(5, 5) == [5]


WIDTHS = PsumWidthFacts(
    overflow="saturate",
    place="column",
    rows=8,
    images=200,
    exact_correct=190,
    points=tuple(
        PsumPoint(bits=b, correct=10 * b, accuracy=b / 20, differ=0) for b in (10, 11, 12)
    ),
    by_type=15,
    by_weights=13,
    observed=11,
    layers={"conv": LayerWidths(by_type=15, by_weights=13, observed=11, seen=(-9, 9))},
)


def test_the_curve_of_psum_widths_stands_alone_as_a_file():
    text = figures.psum_curve_file(WIDTHS)
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    for label in ("15 bits hold any weights", "13 bits hold these weights", "11 bits held"):
        assert label in text


@pytest.mark.parametrize("count", [1, 2, 40])
def test_a_training_curve_of_any_length(count):
    epochs = [
        Epoch(epoch=n, loss=2.0 / n, train_accuracy=0.9, holdout_accuracy=0.8)
        for n in range(1, count + 1)
    ]
    drawn = figures.training_curve(epochs)
    marks = "circle" if count == 1 else "path"
    assert len(list(ElementTree.fromstring(str(drawn)).iter(marks))) == 3
