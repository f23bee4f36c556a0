"""Text can be read in both themes: WCAG's AA asks for a contrast of 4.5 for text and 3 for other marks."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

STYLE = files("tilewright.report").joinpath("style.css").read_text()
TEXT = [
    *[
        (ink, ground)
        for ink in ("ink", "soft", "accent", "warm", "pass", "fail")
        for ground in ("page", "card")
    ],
    *[("over", ground) for ground in ("accent", "warm", "fail")],
    *[("ink", ground) for ground in ("wave", "bar")],
]
MARKS = [("accent", "card"), ("warm", "card"), ("soft", "card"), ("ink", "wave")]


def themes():
    """Variables of the light theme, and of the dark one, which changes some of them."""
    found = [
        dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{([^}]*)\}", STYLE)
    ]
    light, dark = found
    return {"light": light, "dark": {**light, **dark}}


def luminance(color):
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_marks_stand_out(theme):
    colors = themes()[theme]
    low = [(pair, 4.5) for pair in TEXT] + [(pair, 3.0) for pair in MARKS]
    found = {pair: contrast(colors[pair[0]], colors[pair[1]]) for pair, _ in low}
    assert [pair for pair, least in low if found[pair] < least] == []


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


def test_every_variable_that_is_used_is_there():
    used = set(re.findall(r"var\(--([a-z]+)\)", STYLE))
    assert used <= set(themes()["light"]) | {"cell"}
