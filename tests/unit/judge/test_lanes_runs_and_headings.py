"""Dumps with a lane a line, several runs, headings, places counted from 1, and memories that are too deep."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tilewright.errors import FormatError
from tilewright.judge import compare, read_dump


def pixels(v):
    """The numbers of each pixel, channel by channel."""
    return v.reshape(len(v), -1).T.tolist()


def placed(v):
    """Each number with its place."""
    return [(*at, int(v[at])) for at in np.ndindex(v.shape)]


def lines(form, v):
    """One line a number, by pixels. t: the time; c: the lane."""
    cells = [(t, c, x) for t, row in enumerate(pixels(v)) for c, x in enumerate(row)]
    return "\n".join(form.format(t=10 * t, c=c, x=x) for t, c, x in cells)


def rows(form, v, join=" "):
    """One line a pixel."""
    return "\n".join(
        f"t={10 * t} " + join.join(form.format(c=c, x=x) for c, x in enumerate(row))
        for t, row in enumerate(pixels(v))
    )


def blocks(title, v, first=0, step=1):
    """Channels under headings."""
    told = list(enumerate(v, first))[::step]
    return "\n".join(
        f"{title.format(n=n)}\n" + "\n".join(" ".join(map(str, row)) for row in plane)
        for n, plane in told
    )


def table(titles, v, first=0):
    rows = "\n".join(",".join(map(str, (*(n + first for n in at), x))) for *at, x in placed(v))
    return f"{titles}\n{rows}"


def stalled(v):
    """valid and ready: every third pixel waits for a cycle."""
    found = list[str]()
    for t, row in enumerate(pixels(v)):
        numbers = " ".join(f"y{c}={x}" for c, x in enumerate(row))
        found += [f"t={2 * t} valid=1 ready=0 {numbers}"] * (t % 3 == 1)
        found += [f"t={2 * t + 1} valid=1 ready=1 {numbers}"]
    return "\n".join(found)


DUMPS = {
    "a lane a line": lambda v: lines("out_{c} = {x}", v),
    "a lane a line, in brackets, with the time": lambda v: lines("[{t}] out[{c}] = {x}", v),
    "lanes by name": lambda v: rows("o{c}={x}", v),
    "valid and ready": stalled,
    "lane and pixel": lambda v: "\n".join(
        f"lane {c} pixel {h * v.shape[2] + w} value {x}" for c, h, w, x in placed(v)
    ),
    "headings backwards": lambda v: blocks("Channel {n}:", v, step=-1),
    "headings from 1": lambda v: blocks("--- ch {n} ---", v, first=1),
    "places from 1": lambda v: table("oc,oh,ow,psum", v, first=1),
    "other words": lambda v: table("Output Channel,out_h,out_w,Partial Sum", v),
    "right and wrong lines": lambda v: "\n".join(
        f"MATCH oc={c} oh={h} ow={w} value={x}" if x % 3 else
        f"MISMATCH oc={c} oh={h} ow={w} expected=77 actual={x}"
        for c, h, w, x in placed(v)
    ),
    "two runs that are alike": lambda v: "\n".join([*(f"psum = {x}" for *_, x in placed(v))] * 2),
    "two tables that are alike": lambda v: f"{table('oc,oh,ow,psum', v)}\n{table('', v).strip()}",
    "x before the first sum": lambda v: "psum=x\n" * 5 + "\n".join(f"psum={x}" for *_, x in placed(v)),
}  # fmt: skip


@pytest.mark.parametrize("name", DUMPS)
def test_it_is_read_and_a_wrong_number_in_it_is_named(bundle, psums, tmp_path, name):
    path = tmp_path / "dump.txt"
    path.write_text(DUMPS[name](psums) + "\n")
    assert compare(bundle, read_dump(bundle, path)).passed, read_dump(bundle, path).notes
    wrong = psums.copy()
    wrong[2, 1, 0] += 1
    path.write_text(DUMPS[name](wrong) + "\n")
    found = compare(bundle, read_dump(bundle, path))
    assert [one.index for one in found.first] == [(2, 1, 0)]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_place_with_two_numbers_is_refused_whichever_is_right(bundle, psums, tmp_path, form):
    """A table in which a first run is wrong and a second one right passed before: the last number counted."""
    wrong = psums.copy()
    wrong[2, 1, 0] += 1
    path = tmp_path / f"dump.{form}"
    for first, second in ((wrong, psums), (psums, wrong)):
        cells = placed(first) + placed(second)
        if form == "csv":
            text = "oc,oh,ow,psum\n" + "\n".join(",".join(map(str, one)) for one in cells)
        else:
            text = json.dumps(
                [dict(zip(("oc", "oh", "ow", "psum"), one, strict=True)) for one in cells]
            )
        path.write_text(text)
        with pytest.raises(
            FormatError, match=r"must say the number of a place once, but .* several runs"
        ):
            read_dump(bundle, path)


def test_headings_that_are_no_places_of_the_layer_are_refused_unless_they_count_up(
    bundle, psums, tmp_path
):
    path = tmp_path / "dump.txt"
    count = len(psums)
    shifted = [f"Channel {(n + 1) % count + 7}:" for n in range(count)]
    numbers = ["\n".join(" ".join(map(str, row)) for row in plane) for plane in psums]
    path.write_text("\n".join(f"{a}\n{b}" for a, b in zip(shifted, numbers, strict=True)))
    with pytest.raises(
        FormatError, match=r"'Channel 8:' must count up or name the places of this layer"
    ):
        read_dump(bundle, path)
    exchanged = ["Channel 1:", "Channel 0:", *(f"Channel {n}:" for n in range(2, count))]
    path.write_text("\n".join(f"{a}\n{b}" for a, b in zip(exchanged, numbers, strict=True)))
    assert read_dump(bundle, path).values[:2].tolist() == psums[1::-1].tolist()


@pytest.mark.parametrize("filler", ["0", "x"])
def test_words_behind_the_last_one_of_a_memory_are_left_out(bundle, psums, tmp_path, filler):
    bits = bundle.array.psum_bits
    digits = bits // 4
    words = [
        "".join(f"{x & ((1 << bits) - 1):0{digits}x}" for x in row[::-1]) for row in pixels(psums)
    ]
    depth = 4
    while depth <= len(words):
        depth *= 2
    path = tmp_path / "psum_mem.txt"
    filled = [*words, *[filler * len(words[0])] * (depth - len(words))]
    path.write_text("\n".join(filled) + "\n")
    dump = read_dump(bundle, path, order="oh ow -oc", radix="hex")
    assert compare(bundle, dump).passed, dump.notes
    assert "behind the last one that is needed: left out" in dump.notes[0]
    filled[-1] = f"{1:0{len(words[0])}x}"
    path.write_text("\n".join(filled) + "\n")
    with pytest.raises(FormatError, match=r"must hold"):
        read_dump(bundle, path, order="oh ow -oc", radix="hex")


def test_the_sizes_of_an_array_say_its_order_where_they_say_one(bundle, psums, tmp_path):
    path = tmp_path / "dump.npy"
    for turned in (psums.transpose(1, 2, 0), psums.reshape(len(psums), -1).T):
        np.save(path, turned)
        dump = read_dump(bundle, path)
        assert compare(bundle, dump).passed
        assert "its axes" in dump.notes[-1]
    np.save(path, psums.transpose(0, 2, 1))
    if psums.shape[1] != psums.shape[2]:
        with pytest.raises(FormatError, match=r"must be \(oc, oh, ow\)"):
            read_dump(bundle, path)
