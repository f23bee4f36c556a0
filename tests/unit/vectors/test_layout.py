"""Layouts: the presets, files of one's own, and every statement that is refused."""

from __future__ import annotations

import copy
import tomllib
from dataclasses import replace
from importlib.resources import files

import pytest

from tests.unit.vectors import course_example as example
from tilewright.errors import ConfigError, UnknownNameError
from tilewright.spec import OutputFunction
from tilewright.vectors import LAYOUTS, KindLayout, Layout, layout_names, load_layout
from tilewright.vectors.codec import text_forms


def _facts():
    return copy.deepcopy(load_layout("ece284-unpadded").to_facts())


def test_the_presets_are_those_of_the_course():
    assert layout_names() == (
        *("ece284-2b", "ece284-notebook", "ece284-os", "ece284-unpadded", "ece284-unpadded-2b"),
        *("ece284-unpadded-2b-4b", "ece284-ws", "readmemb", "readmemh"),
    )


def test_a_registered_layout_whose_file_is_missing_is_told_with_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(LAYOUTS, "_things", dict(LAYOUTS._things))
    LAYOUTS.add("gone", tmp_path / "gone.toml")
    assert layout_names()[-1] == "gone"
    with pytest.raises(ConfigError, match=r"^cannot read the layout file .*gone\.toml"):
        load_layout("gone")
    with pytest.raises(
        ConfigError, match=r"^a layout must have a name of its own, but 'ece284-ws'"
    ):
        LAYOUTS.add("ece284-ws", tmp_path / "gone.toml")


@pytest.mark.parametrize("name", layout_names())
def test_a_preset_bears_the_name_of_its_file_and_survives_a_round_trip(name):
    layout = load_layout(name)
    assert layout.name == name
    assert Layout.from_facts(layout.to_facts()) == layout
    source = tomllib.loads((files("tilewright.vectors") / "layouts" / f"{name}.toml").read_text())
    assert set(source) == set(layout.to_facts())


def test_canonical_headers_are_single_tokens_that_fit_a_buffer_of_thirty():
    layout = load_layout("ece284-ws")
    for kind in layout.kinds:
        assert len(kind.header) == 3
        for text, _ in text_forms(kind, example.PLAN, example.WIDTHS):
            assert all(len(line) <= 29 and len(line.split()) == 1 for line in text.header)


def test_a_layout_file_of_ones_own_is_loaded_by_path(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text((files("tilewright.vectors") / "layouts" / "ece284-ws.toml").read_text())
    assert load_layout(path) == load_layout(str(path)) == load_layout("ece284-ws")


def test_an_unknown_name_is_answered_with_near_ones():
    with pytest.raises(
        UnknownNameError, match=r"^no layout is called 'ece284-wss'; did you mean ece284-ws"
    ):
        load_layout("ece284-wss")
    with pytest.raises(
        UnknownNameError, match=r"did you mean ece284-2b, .*ece284-ws, .*readmemh\?"
    ):
        load_layout("!")


def test_a_layout_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"^cannot read the layout file .*none\.toml"):
        load_layout(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("name =")
    with pytest.raises(ConfigError, match=r"bad\.toml: it must be TOML: Invalid value"):
        load_layout(tmp_path / "bad.toml")
    (tmp_path / "latin.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(ConfigError, match=r"^cannot read the layout file .*latin\.toml"):
        load_layout(str(tmp_path / "latin.toml"))


@pytest.mark.parametrize(
    ("kind", "key", "value", "message"),
    [
        ("weight", "lines", "", r"weight: axis 'col' must stand exactly once, .* is missing$"),
        ("weight", "lines", "col kij", r"axis 'kij' must stand exactly once, .* stands 2 times$"),
        (
            "weight",
            "lines",
            "col nij",
            r"weight: has the axes otile, itile, kij, col, row, but 'nij'",
        ),
        (
            "weight",
            "word",
            "+row",
            r"weight: word: an axis is written 'row' or '-row', not '\+row'",
        ),
        ("weight", "file", "w_{kij}.txt", r"axis 'otile' must stand exactly once, .* is missing$"),
        ("weight", "file", "w{itile}{otile}_{kij}", r"two numbers in .* must be parted"),
        ("weight", "file", "w{itile}0{otile}_{kij}", r"two numbers in .* must be parted"),
        ("weight", "file", "../{itile}_{otile}_{kij}", r"file must be a plain name"),
        ("weight", "file", "/a/{itile}_{otile}_{kij}", r"file must be a plain name"),
        ("weight", "file", "a/../{itile}_{otile}_{kij}", r"file must be a plain name"),
        ("weight", "file", "a//{itile}_{otile}_{kij}", r"file must be a plain name"),
        ("weight", "file", "w{2*otile-itile}_{kij}", r"file must be a plain name"),
        ("weight", "file", "w{2*otile+*itile}_{kij}", r"an axis, or a sum such as 2\*otile"),
        ("weight", "header", -1, r"header must be 0\.\.10000000 lines, not -1"),
        ("weight", "file", ".{itile}_{otile}_{kij}", r"file must be a plain name"),
        ("weight", "file", "w{itile:03d}_{otile}_{kij}", r"file must be a plain name"),
        (
            "weight",
            "file",
            "w{col}_{itile}_{otile}_{kij}",
            r"can carry itile, otile, kij, not 'col'",
        ),
        ("weight", "bits", "wide", r"bits must be a number or act, weight, psum, not 'wide'"),
        ("weight", "bits", 0, r"bits must be 1\.\.64, not 0"),
        ("weight", "bits", 65, r"bits must be 1\.\.64, not 65"),
        ("weight", "bits", True, r"'bits' must be of type int or str, not True"),
        ("output", "bits", 1, r"output: bits must be 2\.\.64, not 1"),
        ("weight", "line_end", "CR", r"line_end must be LF or CRLF, not 'CR'"),
        ("weight", "plane", "padded", r"plane must be absent \(activations only\), not 'padded'"),
        ("activation", "plane", "", r"plane must be padded or unpadded or windows or halo, not ''"),
        ("weight", "header", "#h#", r"'header' must be of type list"),
        ("weight", "header", [1], r"header must hold values of type str, not 1"),
        ("weight", "header", ["a\nb"], r"a header line must be printable ASCII, not 'a\\nb'"),
        ("weight", "header", ["\u00e9"], r"a header line must be printable ASCII"),
        ("weight", "header", ["{row}"], r"a header line can state lanes, .*, not 'row'"),
        ("weight", "header", ["{bits:x}"], r"must hold a name only"),
        ("weight", "header", ["{bits:02}"], r"must hold a name only"),
        ("weight", "file", "w{itile:2}_{otile}_{kij}", r"must be a plain name of letters"),
        ("weight", "header", ["{"], r"'\{' is not a template"),
        (
            "weight",
            "order",
            "x",
            r"weight has the unknown key 'order'; did you mean 'bit_order'\? valid: file, lines, word",
        ),
        (
            "weight",
            "radx",
            "hex",
            r"weight has the unknown key 'radx'; did you mean 'radix'\? valid: file",
        ),
    ],
)
def test_a_statement_that_cannot_be_read_back_is_refused(kind, key, value, message):
    facts = _facts()
    facts[kind][key] = value
    with pytest.raises(ConfigError, match=rf"^layout ece284-unpadded: .*{message}"):
        Layout.from_facts(facts)


def test_a_missing_key_is_named():
    facts = _facts()
    del facts["weight"]["word"]
    with pytest.raises(
        ConfigError, match=r"weight must have the key 'word'; found file, bits, lines"
    ):
        Layout.from_facts(facts)
    with pytest.raises(
        ConfigError, match=r"^layout must have the keys 'name', 'description'; found none$"
    ):
        Layout.from_facts({})
    with pytest.raises(ConfigError, match=r"^layout must have the key 'name'; found description$"):
        Layout.from_facts({"description": "d"})
    with pytest.raises(ConfigError, match=r"^layout must be a table of keys and values, not \[\]$"):
        Layout.from_facts([])


@pytest.mark.parametrize("kind", ["activation", "weight", "psum", "tap_psum", "output", "address"])
def test_what_is_told_of_missing_keys_makes_a_kind(kind):
    with pytest.raises(ConfigError) as told:
        KindLayout.from_facts(kind, {"line_end": "LF"})
    assert "must have the keys 'file', 'lines', 'word', 'bits'; found line_end" in str(told.value)
    example = str(told.value).split("for example ")[1].replace(", ", "\n")
    plane = {"plane": "padded"} if kind == "activation" else {}
    assert KindLayout.from_facts(kind, tomllib.loads(example) | plane).kind == kind


def test_an_unknown_kind_is_named():
    facts = _facts() | {"scale": {}}
    with pytest.raises(
        ConfigError, match=r"^layout has the unknown key 'scale'; valid: name, desc"
    ):
        Layout.from_facts(facts)


@pytest.mark.parametrize("kinds", [("activation",), ("weight",), ("psum", "tap_psum", "output")])
def test_a_layout_without_a_needed_kind_makes_no_bundle(kinds):
    facts = {key: value for key, value in _facts().items() if key not in kinds}
    with pytest.raises(ConfigError, match=rf"must have {' or '.join(kinds)} files, or nothing can"):
        Layout.from_facts(facts).check_whole()


def test_a_layout_with_no_kind_at_all_is_refused():
    with pytest.raises(ConfigError, match=r"^layout none must have a table for a kind of file"):
        Layout.from_facts({"name": "none", "description": ""})


def test_a_kind_stands_once():
    layout = load_layout("ece284-ws")
    with pytest.raises(ConfigError, match=r"every kind stands at most once"):
        Layout("twice", "", (*layout.kinds, layout.kind("psum")))


def test_a_kind_that_the_layout_lacks_is_named():
    with pytest.raises(ConfigError, match=r"^layout ece284-ws has no tap_psum files; it has activ"):
        load_layout("ece284-ws").kind("tap_psum")


def test_an_unknown_kind_of_file_is_refused():
    layout = load_layout("ece284-ws").kind("psum")
    with pytest.raises(
        ConfigError, match=r"^a kind of file is one of activation, .*, not 'scale'$"
    ):
        type(layout)("scale", layout.file, layout.lines, layout.word, 4)


def test_outputs_of_another_function_change_nothing_else():
    layout = load_layout("ece284-ws")
    leaky = layout.with_output(OutputFunction("leaky", 3))
    assert (leaky.kind("output").function, leaky.kind("output").shift) == ("leaky", 3)
    assert leaky.with_output(OutputFunction()) == layout
    without = replace(layout, kinds=tuple(kind for kind in layout.kinds if kind.kind != "output"))
    with pytest.raises(ConfigError, match="has no output files"):
        without.with_output(OutputFunction("signed"))
