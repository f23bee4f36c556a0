"""A dump in any form gives back its numbers, says where each stood, and is held against the reference."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.golden import regenerate as golden
from tilewright.errors import ArtifactError, ConfigError, FormatError, ShapeError
from tilewright.judge import compare, expected_numbers, read_dump, read_dumps, read_operands
from tilewright.tile import tile_psums
from tilewright.vectors import encode, load_layout, read_bundle


@pytest.fixture
def bundle():
    return read_bundle(golden.FOLDER)


@pytest.fixture
def psums(bundle):
    return expected_numbers(bundle, "psum", read_operands(bundle))


def _edit(path, tmp_path, old, new):
    copy = tmp_path / path.name
    text = path.read_text()
    assert old in text
    copy.write_text(text.replace(old, new, 1))
    return copy


class TestInALayout:
    def test_the_files_of_a_bundle_agree_with_it(self, bundle):
        dumps = read_dumps(bundle, bundle.folder)
        assert [dump.kind for dump in dumps] == ["psum", "output"]
        for dump in dumps:
            assert compare(bundle, dump).passed

    def test_a_difference_has_its_place_in_layer_array_and_file(self, bundle, tmp_path, psums):
        lines = (bundle.folder / "psum.txt").read_text().splitlines()
        flipped = lines[4][:-1] + str(1 - int(lines[4][-1]))
        dump = read_dump(bundle, _edit(bundle.folder / "psum.txt", tmp_path, lines[4], flipped))
        found = compare(bundle, dump)
        assert (found.compared, found.differ, found.unknown) == (24, 1, 0)
        first = found.first[0]
        assert (first.index, first.otile, first.col, first.onij) == ((0, 0, 1), 0, 0, 1)
        assert str(first.place) == "psum.txt line 5 lane 2"
        assert first.actual == psums[0, 0, 1] ^ 1

    def test_bits_that_are_x_are_unknown_and_differ_from_nothing(self, bundle, tmp_path):
        line = (bundle.folder / "psum.txt").read_text().splitlines()[4]
        dump = read_dump(bundle, _edit(bundle.folder / "psum.txt", tmp_path, line, "x" + line[1:]))
        found = compare(bundle, dump)
        assert (found.compared, found.differ, found.unknown) == (23, 0, 1)
        assert not found.passed

    def test_headers_comments_blanks_and_line_ends_do_not_matter(self, bundle, tmp_path):
        words = (bundle.folder / "psum.txt").read_text().splitlines()[3:]
        text = "made by a bench\r\n\r\n" + "\r\n// half\r\n".join(
            f"  {w[:4]}_{w[4:]}" for w in words
        )
        (tmp_path / "psum.txt").write_bytes(text.encode())
        assert compare(bundle, read_dump(bundle, tmp_path / "psum.txt")).passed

    def test_a_file_of_another_name_is_known_by_its_signs(self, bundle, tmp_path):
        (tmp_path / "dump.txt").write_bytes((bundle.folder / "psum.txt").read_bytes())
        (tmp_path / "relu.txt").write_bytes((bundle.folder / "out.txt").read_bytes())
        for name, kind in (("dump.txt", "psum"), ("relu.txt", "output")):
            dump = read_dump(bundle, tmp_path / name)
            assert dump.kind == kind
            assert compare(bundle, dump).passed

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda lines: lines[:0], "but is empty: did the simulation write it"),
            (lambda lines: lines[:-1], "but holds 11: say --partial"),
            (lambda lines: [*lines, lines[-1]], "but holds 13: another layer or geometry"),
            (
                lambda lines: [line + "0" for line in lines],
                r"none of its 15 lines is one; the last is",
            ),
            (lambda lines: [*lines[:5], "oops", *lines[5:]], "line 6 must be a word of"),
        ],
    )
    def test_what_was_expected_and_what_was_seen(self, bundle, tmp_path, change, message):
        lines = (bundle.folder / "psum.txt").read_text().splitlines()
        (tmp_path / "psum.txt").write_text("".join(f"{line}\n" for line in change(lines)))
        with pytest.raises(FormatError, match=message):
            read_dump(bundle, tmp_path / "psum.txt")

    @pytest.mark.parametrize("given", ["psum.txt", "."])
    def test_the_first_words_alone_are_taken_if_that_is_said(self, bundle, tmp_path, given):
        lines = (bundle.folder / "psum.txt").read_text().splitlines()
        (tmp_path / "psum.txt").write_text("\n".join(lines[:-2]))
        found = compare(bundle, read_dump(bundle, tmp_path / given, is_partial=True))
        assert (found.differ, found.unknown) == (0, 2)
        assert found.dump.notes == ("psum.txt: 10 of 12 words are there",)

    def test_a_folder_without_a_dump_is_refused(self, bundle, tmp_path):
        (tmp_path / "other.txt").write_text("")
        with pytest.raises(ArtifactError, match=r"psum\.txt, out\.txt\), but has other\.txt"):
            read_dump(bundle, tmp_path)


class TestLists:
    @pytest.mark.parametrize(
        ("order", "axes", "flip"),
        [("oc oh ow", (0, 1, 2), 1), ("oh ow oc", (1, 2, 0), 1), ("oh ow -oc", (1, 2, 0), -1)],
    )
    def test_an_order_is_read_as_it_says(self, bundle, tmp_path, psums, order, axes, flip):
        numbers = psums.transpose(axes)[..., ::flip].ravel()
        (tmp_path / "list.csv").write_text(",\n".join(map(str, numbers)) + " // end\n")
        dump = read_dump(bundle, tmp_path / "list.csv", order=order)
        assert compare(bundle, dump).passed

    def test_columns_without_a_channel_stand_in_an_order_of_tiles(self, bundle, tmp_path, psums):
        lanes = np.zeros((bundle.plan.otiles * bundle.array.cols, bundle.shape.onij), int)
        lanes[: bundle.shape.oc] = psums.reshape(bundle.shape.oc, -1)
        text = " ".join(f"{value & 0xFFFF:04x}" for value in lanes.ravel())
        (tmp_path / "list.txt").write_text(text)
        dump = read_dump(bundle, tmp_path / "list.txt", order="otile col onij", radix="hex")
        assert compare(bundle, dump).passed

    def test_natural_order_is_noticed(self, bundle, tmp_path, psums):
        (tmp_path / "list.txt").write_text("\n".join(map(str, psums.ravel())))
        assert compare(bundle, read_dump(bundle, tmp_path / "list.txt")).passed

    def test_another_count_and_what_is_no_number_are_refused(self, bundle, tmp_path):
        path = tmp_path / "list.txt"
        path.write_text("1 2 3")
        with pytest.raises(
            FormatError, match=r"must hold 24 numbers \(psum, oc oh ow\), but holds 3"
        ):
            read_dump(bundle, path, order="oc oh ow")
        path.write_text("1 2\n3 four")
        with pytest.raises(FormatError, match="line 2 must hold decimal numbers, but has 'four'"):
            read_dump(bundle, path, order="oc oh ow")
        with pytest.raises(ConfigError, match=r"each of the axes oc, oh, ow once .* not 'oc oh'"):
            read_dump(bundle, path, order="oc oh")


class TestArrays:
    def test_numpy_files(self, bundle, tmp_path, psums):
        np.save(tmp_path / "a.npy", psums[None].astype(np.int32))
        np.savez(tmp_path / "b.npz", psum=psums, other=psums[0])
        for name in ("a.npy", "b.npz"):
            assert compare(bundle, read_dump(bundle, tmp_path / name)).passed
        np.save(tmp_path / "c.npy", psums[:-1])
        with pytest.raises(
            FormatError, match=r"\(oc, oh, ow\) = \(4, 2, 3\), but the array is \(3"
        ):
            read_dump(bundle, tmp_path / "c.npy")
        (tmp_path / "d.npy").write_bytes(b"no")
        with pytest.raises(ArtifactError, match="is not a file of numpy arrays"):
            read_dump(bundle, tmp_path / "d.npy")


class TestLogs:
    def test_a_log_of_differences(self, bundle, tmp_path):
        (tmp_path / "log").write_text("start\nERROR oc=1 oh=0 ow=2: expected 3, got -77\n")
        dump = read_dump(bundle, tmp_path / "log", pattern="places", is_rest_expected=True)
        found = compare(bundle, dump)
        assert (found.compared, found.differ, found.unknown) == (24, 1, 0)
        assert (found.first[0].index, found.first[0].actual) == ((1, 0, 2), -77)
        assert str(found.first[0].place) == "log line 2 lane 0"

    @pytest.mark.parametrize(
        "said",
        [
            "expected 3, got {}",
            "reference is 3, RTL is {}",
            "expected value is 3 but got {}",
            "the model has 3, is {}",
            "exp=3 act={}",
            "golden: 3 dut: {}",
            "is {}, should be 3",
            "RTL psum {}, expected 3",
            "got 0xffb3, expected 0x3",
        ],
    )
    @pytest.mark.parametrize("place", ["oc=1 oh=0 ow=2", "pixel 2 lane 1"])
    def test_the_expected_number_of_a_line_is_not_the_found_one(
        self, bundle, tmp_path, place, said
    ):
        line = f"12 ns: {place}: {said.format(-77)}"
        (tmp_path / "log").write_text(line)
        name = "places" if "oc" in place else "lanes"
        dump = read_dump(bundle, tmp_path / "log", pattern=name, is_rest_expected=True)
        assert dump.known.sum() == 1
        assert dump.values[1, 0, 2] == -77

    def test_a_difference_that_is_not_understood_is_no_expected_number(self, bundle, tmp_path):
        lines = "oc=1 oh=0 ow=2: expected 3, got 4\noc=1 oh=0 ow=1: expected 3, wrote 4\n"
        (tmp_path / "log").write_text(lines)
        with pytest.raises(FormatError, match="line 2 names a difference that 'places' does not"):
            read_dump(bundle, tmp_path / "log", pattern="places", is_rest_expected=True)
        dump = read_dump(bundle, tmp_path / "log", pattern="places")
        assert dump.known.sum() == 1

    def test_whole_words_in_a_log(self, bundle, tmp_path):
        words = (bundle.folder / "psum.txt").read_text().splitlines()[3:]
        (tmp_path / "log").write_text("".join(f"[{i}] psum={w} ok\n" for i, w in enumerate(words)))
        dump = read_dump(bundle, tmp_path / "log", pattern=r"\[(?P<line>\d+)\] psum=(?P<word>\w+)")
        assert compare(bundle, dump).passed

    @pytest.mark.parametrize(
        ("pattern", "text", "error", "message"),
        [
            ("places", "done\n", FormatError, "but none is there: 1 line, the last 'done'"),
            ("places", "", FormatError, "but none is there: an empty file"),
            (r"(\d+)", "1", ConfigError, r"must have a group \(\?P<value>"),
            (r"(", "1", ConfigError, "must be a regular expression"),
            (
                r"(?P<oc>\d+) (?P<onij>\d+) (?P<value>\d+)",
                "9 0 1",
                FormatError,
                r"oc must be 0\.\.3",
            ),
            (r"v(?P<value>\w+)", "v1 vq", FormatError, "'q' must be a decimal number"),
        ],
    )
    def test_what_cannot_be_read(self, bundle, tmp_path, pattern, text, error, message):
        (tmp_path / "log").write_text(text)
        with pytest.raises(error, match=message):
            read_dump(bundle, tmp_path / "log", pattern=pattern)


def test_a_dump_of_another_shape_is_refused(bundle):
    dump = read_dump(bundle, bundle.folder)
    other = replace(dump, values=dump.values[1:], known=dump.known[1:], places=None)
    with pytest.raises(ShapeError, match=re.escape("(oc, oh, ow) = (4, 2, 3), not (3, 2, 3)")):
        compare(bundle, other)


def test_altered_weights_are_refused(bundle, tmp_path):
    name = next(file.name for file in bundle.files if file.kind == "weight")
    for file in bundle.files:
        (tmp_path / file.name).write_bytes((bundle.folder / file.name).read_bytes())
    text = (tmp_path / name).read_text()
    (tmp_path / name).write_text(text[:-2] + str(1 - int(text[-2])) + "\n")
    with pytest.raises(ArtifactError, match="must be as it was written, but was altered"):
        read_operands(replace(bundle, folder=tmp_path))


def test_tile_psums_add_up_to_psums(bundle, psums):
    parts = expected_numbers(bundle, "tile_psum", read_operands(bundle))
    assert parts.shape == (bundle.plan.itiles, bundle.shape.taps, 4, 2, 3)
    assert (parts.sum(axis=(0, 1)) == psums).all()


def test_a_layout_by_name(bundle, tmp_path):
    layout = load_layout("readmemh")
    with pytest.raises(ArtifactError, match="must have a file of layout readmemh"):
        read_dump(bundle, tmp_path, layout=layout)


PARTED = {
    "decimal": 'radix = "decimal"\nseparator = " "',
    "commas": 'radix = "decimal"\nseparator = ", "',
    "hex, parted": 'radix = "hex"\nseparator = " "',
    "binary, parted": 'separator = "|"',
    "lowest bit first": 'bit_order = "lsb"',
    "filler": "filler_left = 3\nfiller_right = 5",
    "hex, filler": 'radix = "hex"\nfiller_left = 3\nfiller_right = 5',
    "header and trailer": 'header = ["10", "counts"]\ntrailer = ["end of file"]',
}


class TestEveryTextThatALayoutCanSay:
    """A core that leaves the very bytes of the expected file is right, however they are written."""

    @pytest.mark.parametrize("text", sorted(PARTED))
    @pytest.mark.parametrize("wrong", [0, 1])
    def test_it_is_read_as_it_was_written(self, bundle, psums, tmp_path, text, wrong):
        (tmp_path / "form.toml").write_text(
            'name = "form"\ndescription = "one form of text"\n'
            '[activation]\nfile = "x.txt"\nplane = "padded"\nlines = "itile nij"\n'
            'word = "row"\nbits = "act"\n'
            '[weight]\nfile = "w.txt"\nlines = "otile itile kij col"\nword = "row"\nbits = "weight"\n'
            '[psum]\nfile = "p.txt"\nlines = "otile onij"\nword = "col"\nbits = "psum"\n'
            + PARTED[text]
        )
        layout, left = load_layout(str(tmp_path / "form.toml")), psums.copy()
        left[0, 1, 2] ^= wrong
        tiles = tile_psums(left, bundle.plan)
        content = encode(layout, "psum", tiles, plan=bundle.plan, widths=bundle.widths)
        (tmp_path / "p.txt").write_bytes(content["p.txt"])
        found = compare(bundle, read_dump(bundle, tmp_path / "p.txt", layout=layout))
        assert (found.compared, found.differ) == (24, wrong)


def test_decimal_lanes_that_are_too_few_or_unknown(bundle, tmp_path):
    layout = replace(
        bundle.layout,
        kinds=tuple(
            replace(kind, radix="decimal", separator=" ", header=0) if kind.kind == "psum" else kind
            for kind in bundle.layout.kinds
        ),
    )
    lines = ["x -1 2"] * 12
    (tmp_path / "psum.txt").write_text("\n".join(lines))
    found = read_dump(bundle, tmp_path / "psum.txt", layout=layout)
    assert found.known.sum() == 18
    (tmp_path / "psum.txt").write_text("\n".join(["1 2"] * 12))
    with pytest.raises(
        FormatError, match=r"each a word of 3 decimal numbers .psum: 12 bits each, ' ' between"
    ):
        read_dump(bundle, tmp_path / "psum.txt", layout=layout)
