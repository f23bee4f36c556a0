"""The conformance packs of the bundle format: ``python make_packs.py`` writes packs.json anew.

Each pack is a small bundle, or one of them with something changed, and whether a reader must accept it.
"""

import base64
import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np

from tilewright.spec import ArrayShape, ConvShape, IntegerLayer, NumberFormat
from tilewright.tile import TilePlan
from tilewright.vectors import Layout, load_layout, read_bundle, write_bundle
from tilewright.verify import reference_outputs, reference_tap_psums

PACKS = Path(__file__).parent / "packs.json"
SHAPE = ConvShape(ic=3, ih=2, iw=3, oc=3, kh=1, kw=2, stride=(1, 1), padding=(0, 1))
UNEVEN = ConvShape(ic=3, ih=2, iw=3, oc=3, kh=1, kw=2, stride=(1, 2), padding_after=(1, 1))
"""Zeros below and right of the plane, and none above and left of it."""
ARRAY = ArrayShape(rows=2, cols=2, psum_bits=10)
OWN = """
name = "decimal"
description = "decimal numbers, one file of each kind, with lines before and after"
[activation]
file = "x.txt"
plane = "unpadded"
lines = "itile nij"
word = "row"
bits = "act"
radix = "decimal"
separator = " "
header = ["// {lines} pixels of {lanes} channels"]
[weight]
file = "w.txt"
lines = "otile itile kij row"
word = "col"
bits = "weight"
radix = "decimal"
separator = ","
[psum]
file = "sums.txt"
lines = "otile -onij"
word = "col"
bits = 16
radix = "hex"
bit_order = "lsb"
trailer = ["// end"]
"""


def layer(shape: ConvShape, *, is_signed: bool = False) -> IntegerLayer:
    """A layer with two tiles in both directions, the last of them half empty."""
    count = np.arange(SHAPE.oc * SHAPE.ic * 2)
    return IntegerLayer(
        name="pack",
        shape=shape,
        weight=((count**3 + 5 * count) % 15 - 7).astype(np.int8).reshape(SHAPE.oc, SHAPE.ic, 1, 2),
        weight_format=NumberFormat(4, is_signed=True, is_narrow=True),
        act_format=NumberFormat(4, is_signed=is_signed),
        weight_scale=np.array([0.5, 0.25, 0.125]),
        act_scale=0.1,
    )


def written(
    layout: Layout, *, is_signed: bool = False, shape: ConvShape = SHAPE
) -> dict[str, bytes]:
    """The files of a bundle in `layout`, name to content; the versions of the writer stand for any."""
    one = layer(shape, is_signed=is_signed)
    codes = (np.arange(18).reshape(3, 2, 3) * 7 % 16 - 8 * is_signed).astype(one.act_format.dtype)
    taps = reference_tap_psums(codes[None], one.weight, one.shape)[:, 0]
    psums = taps.sum(axis=0)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "bundle"
        write_bundle(
            folder,
            layer=one,
            plan=TilePlan(shape, ARRAY),
            layout=layout,
            codes=codes,
            psums=psums,
            tap_psums=taps,
            outputs=reference_outputs(psums, layout.output),
            sample=0,
        )
        files = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
    return with_facts(files, lambda facts: facts.update(versions={"tilewright": "0", "numpy": "0"}))


def with_facts(files, change):
    """The files with a changed manifest."""
    facts = json.loads(files["manifest.json"])
    change(facts)
    return files | {"manifest.json": json.dumps(facts).encode()}


def at(*keys, **to):
    """A change of the manifest: the table at `keys` gets these values; None takes a key away."""

    def change(facts):
        for key in keys:
            facts = facts[key]
        for key, value in to.items():
            if value is None:
                del facts[key]
            else:
                facts[key] = value

    return change


def edited(files, name, old, new):
    """The files with a changed one, whose hash is made right: only its numbers can tell."""
    assert old in files[name], (name, old, files[name])
    content, before = files[name].replace(old, new, 1), hashlib.sha256(files[name]).hexdigest()
    manifest = files["manifest.json"].replace(
        before.encode(), hashlib.sha256(content).hexdigest().encode()
    )
    assert manifest != files["manifest.json"]
    return files | {name: content, "manifest.json": manifest}


def version_1(files):
    """The same bundle with a manifest as it was before version 2."""
    with tempfile.TemporaryDirectory() as place:
        for name, content in files.items():
            (Path(place) / name).write_bytes(content)
        listed = read_bundle(Path(place)).files
    tables = [
        {"name": f.name, "kind": f.kind, "indices": f.indices, "lines": f.lines, "sha256": f.sha256}
        for f in listed
    ]
    return with_facts(files, lambda facts: facts.update(version=1, files=tables))


def own_layout() -> Layout:
    """`OWN`, read as a user's."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "own.toml"
        path.write_text(OWN)
        return load_layout(str(path))


def all_packs():
    """Name, files, the name of the pack that it was made from, whether it is valid, status, and why."""
    ws = written(load_layout("ece284-ws"))
    yield (
        "ws",
        ws,
        None,
        0,
        "text, padded plane, headers with facts, one weight file a tile and tap",
    )
    yield "ws-version-1", version_1(ws), "ws", 0, "the manifest of version 1: a table for each file"
    for name, layout, why in (
        ("unpadded", load_layout("ece284-unpadded"), "plane without border, psums of each tap"),
        ("hex", load_layout("readmemh"), "hexadecimal words, zeros on the left to a whole digit"),
        ("packed", load_layout("ece284-ws-packed"), "raw octets, one file a kind"),
        (
            "decimal",
            own_layout(),
            "decimal lanes, separators, a trailer, lowest bit first, downwards",
        ),
    ):
        yield name, written(layout), None, 0, why
    yield "signed", written(load_layout("ece284-ws"), is_signed=True), None, 0, "signed activations"
    yield "windows", written(load_layout("ece284-os")), None, 0, "windows and splits: profile full"
    for name, layout in (("padding-after", "ece284-ws"), ("padding-after-hex", "readmemh")):
        files = written(load_layout(layout), shape=UNEVEN)
        yield name, files, None, 0, "version 3: other padding below and right than above and left"
    yield from _wrong_padding(written(load_layout("ece284-ws"), shape=UNEVEN))
    yield from _wrong_manifests(ws)
    yield from _wrong_files(ws, written(load_layout("ece284-unpadded")))


def _wrong_padding(uneven):
    """Version 3 with other padding than it may state."""
    changes = {
        "padding-after-in-2": (at(version=2), "version 2 has no padding_after"),
        "padding-after-alike": (at("shape", padding_after=[0, 0]), "it differs from padding"),
        "padding-after-one": (at("shape", padding_after=[1]), "padding_after is a pair"),
        "padding-after-negative": (at("shape", padding_after=[-1, 1]), "padding is 0 or more"),
    }
    for name, (change, why) in changes.items():
        yield name, with_facts(uneven, change), "padding-after", 2, why
    x0 = "activation_tile0.txt"
    last = uneven[x0][-9:]
    changed = edited(uneven, x0, uneven[x0][-18:], uneven[x0][-18:-9] + last.replace(b"0", b"1", 1))
    yield "padding-after-used", changed, "padding-after", 1, "the padding below and right holds 0"


def _wrong_manifests(ws):
    """Refused before a file is opened: status 2."""
    changes = {
        "other-kind": (at(kind="tensor-bundle"), "kind must be vector-bundle"),
        "version-3": (at(version=3), "version 3 states padding_after"),
        "version-4": (at(version=4), "a version that this page does not describe"),
        "version-true": (at(version=True), "true is no version"),
        "version-text": (at(version="2"), "a text is no version"),
        "key-missing": (at(scales=None), "every key must be there"),
        "key-unknown": (at(comment="hand-made"), "no other key may be there"),
        "size-0": (at("shape", ic=0), "sizes are at least 1"),
        "size-float": (at("shape", ic=3.0), "3.0 is no integer"),
        "size-true": (at("shape", kh=True), "true is no integer"),
        "stride-one-number": (at("shape", stride=[1]), "stride is a pair"),
        "kernel-too-large": (at("shape", kh=5), "the kernel must fit the padded plane"),
        "array-0": (at("array", rows=0), "an array has rows"),
        "unsigned-weights": (
            at("weight_format", is_signed=False, is_narrow=False),
            "weights are signed",
        ),
        "narrow-unsigned": (at("act_format", is_narrow=True), "only a signed format is narrow"),
        "wide-codes": (at("act_format", bits=9), "codes have at most 8 bits"),
        "scale-0": (at("scales", act=0.0), "scales are positive"),
        "scale-count": (at("scales", weight=[0.5, 0.25]), "one weight scale, or one for each oc"),
        "negative-sample": (at(sample=-1), "samples are counted from 0"),
        "axis-twice": (at("layout", "psum", lines="otile otile onij"), "every axis exactly once"),
        "axis-missing": (at("layout", "weight", lines="", word="-row"), "every axis exactly once"),
        "nothing-expected": (
            at("layout", psum=None, output=None),
            "there must be expected numbers",
        ),
        "kind-without-hashes": (at("files", output=None), "every kind of the layout has hashes"),
        "hash-short": (at("files", psum="ab" * 31), "64 digits for each file"),
        "hash-upper": (at("files", psum="AB" * 32), "lower-case digits"),
        "other-array": (at("array", rows=4), "as many hashes as the array makes files"),
    }
    for name, (change, why) in changes.items():
        yield name, with_facts(ws, change), "ws", 2, why
    yield "cut-json", ws | {"manifest.json": ws["manifest.json"][:-9]}, "ws", 2, "it must be JSON"
    old = version_1(ws)
    for name, place, value, why in (
        ("version-1-escapes", "name", "../psum.txt", "a name stays inside the folder"),
        ("version-1-lines", "lines", 7, "the number of words follows from the layer"),
        ("version-1-order", "kind", "output", "files are listed in their order"),
    ):
        yield name, with_facts(old, at("files", -2, **{place: value})), "ws-version-1", 2, why


def _wrong_files(ws, unpadded):
    """A good manifest, and files that are not what it says, or numbers that are not right: status 1."""
    gone = {name: content for name, content in ws.items() if name != "out.txt"}
    yield "file-missing", gone, "ws", 1, "every file must be there"
    other = ws | {"psum.txt": ws["psum.txt"] + b"\n"}
    yield "hash-differs", other, "ws", 1, "a file must have its sha256"
    first, x0 = "weight_itile0_otile0_kij0.txt", "activation_tile0.txt"
    psum, out = ws["psum.txt"], ws["out.txt"]
    edits = {
        "header": (x0, b"#time0", b"#Time0", "the header as the layout says"),
        "line-ends": (x0, b"\n", b"\r\n", "the line end of the layout, in every line"),
        "no-last-line-end": ("psum.txt", psum[-6:], psum[-6:-1], "a line end at the end"),
        "line-too-many": ("psum.txt", psum[-21:], psum[-21:] * 2, "as many words as pixels"),
        "word-too-short": (x0, b"\n00000000\n", b"\n0000000\n", "words of one length"),
        "no-digit": (x0, b"\n00000000\n", b"\n0000000x\n", "only digits"),
        "padding": (x0, b"\n00000000\n", b"\n00000001\n", "the padding holds 0"),
        "unused-lane": ("activation_tile1.txt", b"\n0000", b"\n0001", "a lane without a channel holds 0"),
        "narrow": (first, ws[first][-9:-5], b"1000", "-8 is no code of a narrow format"),
        "psum": ("psum.txt", psum[-2:], bytes([psum[-2] ^ 1, 10]), "a psum is the sum"),
        "output": ("out.txt", out[-2:], bytes([out[-2] ^ 1, 10]), "an output is of its psum"),
        "output-negative": ("out.txt", out[-11:], b"1" + out[-10:], "after ReLU nothing is negative"),
    }  # fmt: skip
    for name, (file, old, new, why) in edits.items():
        yield name, edited(ws, file, old, new), "ws", 1, why
    tap = unpadded["psum_0.txt"]
    changed = edited(unpadded, "psum_0.txt", tap[-2:], bytes([tap[-2] ^ 1]) + b"\n")
    yield "tap-psum", changed, "unpadded", 1, "the psum of each tap, too"


def packs():
    """All packs as JSON facts: of one that was made from another, only what differs."""
    found, files_of = [], {}
    for name, files, source, status, why in all_packs():
        files_of[name] = files
        before = files_of.get(source, {})
        pack = {"name": name, "valid": status == 0, "status": status, "why": why}
        pack["profile"] = "full" if name == "windows" else "plain"
        if source:
            pack |= {"from": source, "removed": sorted(before.keys() - files.keys())}
        pack["files"] = {
            key: _text(content) for key, content in files.items() if before.get(key) != content
        }
        found.append(pack)
    return {"format": "vector-bundle", "packs": found}


def _text(content: bytes):
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
    return text


def dumped() -> str:
    """The text of packs.json."""
    return json.dumps(packs(), indent=1) + "\n"


if __name__ == "__main__":
    PACKS.write_text(dumped())
