"""A reader of vector bundles that shares no line with tilewright: json, hashlib and numpy.

Written from docs/reference/bundle-format.md, profile "plain". `check` returns how many expected numbers were
computed again and found equal; it raises `Refused` for a bundle that a reader must not accept, and
`Unsupported` for what this reader does not know. ``python reader.py FOLDER...`` says it for folders.
"""

import hashlib
import json
import re
import sys
from itertools import product
from math import isfinite
from pathlib import Path

import numpy as np

TOP = {"kind": str, "version": int, "layer": str, "sample": int, "shape": dict, "array": dict}
TOP |= {"act_format": dict, "weight_format": dict, "scales": dict, "layout": dict}
TOP |= {"files": (dict, list), "versions": dict}
SHAPE = dict.fromkeys(("ic", "ih", "iw", "oc", "kh", "kw"), int) | {"stride": list, "padding": list}
ARRAY = dict.fromkeys(("rows", "cols", "psum_bits"), int)
FORMAT = {"bits": int, "is_signed": bool, "is_narrow": bool}
LISTED = {"name": str, "kind": str, "indices": dict, "lines": int, "sha256": str}
AXES = {
    "activation": ("itile", "nij", "row"),
    "weight": ("otile", "itile", "kij", "col", "row"),
    "tap_psum": ("kij", "otile", "onij", "col"),
    "psum": ("otile", "onij", "col"),
    "output": ("otile", "onij", "col"),
}
ENDS = {"LF": b"\n", "CRLF": b"\r\n"}
ELSE = {"radix": "binary", "container": "text", "function": "relu", "shift": 0, "separator": ""}
ELSE |= {"bit_order": "msb", "filler_left": 0, "filler_right": 0, "trailer": [], "header": []}


class Refused(ValueError):
    """The bundle is not valid."""


class Unsupported(Exception):
    """The bundle may be valid, but uses what this reader does not know."""


def demand(holds, what):
    """Refuse, saying what must hold."""
    if not holds:
        raise Refused(what)


def table(value, where, types):
    """Exactly these keys, each of exactly this type: true is no number, and 3.0 no integer."""
    demand(isinstance(value, dict) and value.keys() == types.keys(), f"{where}: keys {list(types)}")
    for key, of in types.items():
        of = of if isinstance(of, tuple) else (of,)
        demand(type(value[key]) in of, f"{where}: {key} has another type")
    return value


class Manifest:
    """What the manifest says, checked by itself."""

    def __init__(self, folder):
        try:
            facts = json.loads((folder / "manifest.json").read_bytes())
        except (OSError, ValueError) as error:
            raise Refused(f"no manifest: {error}") from error
        table(facts, "manifest", TOP)
        demand(
            facts["kind"] == "vector-bundle" and facts["version"] in (1, 2, 3), "kind or version"
        )
        self.folder, self.facts = folder, facts
        shape, array = self._read_shape(), table(facts["array"], "array", ARRAY)
        demand(min(array.values()) >= 1 and facts["sample"] >= 0, "array and sample")
        self._derive(shape, array)
        for name in ("act_format", "weight_format"):
            table(facts[name], name, FORMAT)
            demand(1 <= facts[name]["bits"] <= 8, "codes have 1 to 8 bits")
            demand(facts[name]["is_signed"] or not facts[name]["is_narrow"], "narrow is signed")
        demand(facts["weight_format"]["is_signed"], "weights are signed")
        self._check_scales(table(facts["scales"], "scales", {"act": float, "weight": list}))
        table(facts["versions"], "versions", {"tilewright": str, "numpy": str})
        self.kinds = {
            kind: ELSE | of
            for kind, of in facts["layout"].items()
            if kind not in ("name", "description")
        }
        for kind, form in self.kinds.items():
            self._check_form(kind, form)
        demand({"activation", "weight"} <= self.kinds.keys(), "operands")
        demand({"psum", "tap_psum", "output"} & self.kinds.keys(), "something to expect")

    def _read_shape(self):
        """The sizes, `padding_after` in every version."""
        is_after = self.facts["version"] == 3
        shape = table(
            self.facts["shape"], "shape", SHAPE | ({"padding_after": list} if is_after else {})
        )
        for name in shape.keys() & {"stride", "padding", "padding_after"}:
            demand(len(shape[name]) == 2, f"{name} is a pair")
            demand(all(type(one) is int for one in shape[name]), f"{name} is a pair of integers")
        demand(min(shape[key] for key in ("ic", "ih", "iw", "oc", "kh", "kw")) >= 1, "sizes")
        demand(min(shape["stride"]) >= 1 and min(shape["padding"]) >= 0, "stride and padding")
        after = shape.get("padding_after", shape["padding"])
        demand(min(after) >= 0 and (after != shape["padding"]) == is_after, "padding_after")
        return shape | {"padding_after": after}

    def _derive(self, shape, array):
        padded = [
            shape[edge] + before + after
            for edge, before, after in zip(
                ("ih", "iw"), shape["padding"], shape["padding_after"], strict=True
            )
        ]
        out = [
            (size - kernel) // step + 1
            for size, kernel, step in zip(
                padded, (shape["kh"], shape["kw"]), shape["stride"], strict=True
            )
        ]
        demand(min(out) >= 1, "the kernel fits the padded plane")
        self.shape, self.array, self.padded, self.out = shape, array, padded, out
        self.sizes = {
            "itile": -(-shape["ic"] // array["rows"]),
            "otile": -(-shape["oc"] // array["cols"]),
            "kij": shape["kh"] * shape["kw"],
            "onij": out[0] * out[1],
            "row": array["rows"],
            "col": array["cols"],
        }

    def _check_scales(self, scales):
        demand(len(scales["weight"]) in (1, self.shape["oc"]), "1 or oc weight scales")
        for one in (scales["act"], *scales["weight"]):
            demand(type(one) is float and isfinite(one) and one > 0, "scales are positive")

    def _check_form(self, kind, form):
        unknown = kind not in AXES or form.keys() - ELSE.keys() - {
            *("file", "lines", "word", "bits", "plane", "line_end"),
        }
        if unknown or form["container"] not in ("text", "raw", "raw-little"):
            raise Unsupported(f"{kind}: {unknown or form['container']}")
        if kind == "activation" and form.get("plane") == "windows":
            raise Unsupported("windows")
        stated = [*self.axes_of_name(form), *self.runs(form["lines"]), *self.runs(form["word"])]
        axes = [axis.removeprefix("-") for axis in stated]
        demand(sorted(axes) == sorted(AXES[kind]), f"{kind}: every axis stands exactly once")

    @staticmethod
    def runs(text):
        """Axes of `lines` or `word`."""
        return text.split()

    @staticmethod
    def axes_of_name(form):
        """Axes of the file name."""
        names = re.findall(r"\{([^}]*)\}", form["file"])
        if not all(re.fullmatch("[a-z]+", name) for name in names):
            raise Unsupported(f"the file name {form['file']}")
        return names

    def sizes_of(self, form):
        """Size of every axis, nij as the plane of this kind has it."""
        plane = (
            self.padded if form.get("plane") == "padded" else [self.shape[n] for n in ("ih", "iw")]
        )
        return self.sizes | {"nij": plane[0] * plane[1]}

    def bits(self, form):
        """Width of a field."""
        named = {"act": self.facts["act_format"]["bits"], "psum": self.array["psum_bits"]}
        named["weight"] = self.facts["weight_format"]["bits"]
        return named.get(form["bits"], form["bits"])

    def is_signed(self, kind):
        """Whether the fields of a kind are two's complement."""
        return self.facts["act_format"]["is_signed"] if kind == "activation" else True

    def names(self, kind):
        """The files of a kind, in the order of their hashes, each with its indices."""
        form = self.kinds[kind]
        axes, sizes = self.axes_of_name(form), self.sizes_of(form)
        for place in product(*(range(sizes[axis]) for axis in axes)):
            indices = dict(zip(axes, place, strict=True))
            yield form["file"].format(**indices), indices

    def hashes(self):
        """Name of every file to its stated sha256."""
        listed = self.facts["files"]
        demand(type(listed) is (dict if self.facts["version"] >= 2 else list), "type of files")
        if self.facts["version"] == 1:
            return self._hashes_of_version_1(listed)
        demand(listed.keys() == self.kinds.keys(), "files has the kinds of the layout")
        found = {}
        for kind, text in listed.items():
            names = [name for name, _ in self.names(kind)]
            demand(isinstance(text, str) and len(text) == 64 * len(names), f"{kind}: sha256 each")
            demand(re.fullmatch("[0-9a-f]*", text), f"{kind}: lower-case hexadecimal")
            found |= {name: text[64 * at : 64 * at + 64] for at, name in enumerate(names)}
        return found

    def _hashes_of_version_1(self, listed):
        wanted = [
            (name, kind, indices, self.line_count(self.kinds[kind]))
            for kind in self.kinds
            for name, indices in self.names(kind)
        ]
        found = {}
        demand(len(listed) == len(wanted), "as many files as the layout has")
        for one, (name, kind, indices, lines) in zip(listed, wanted, strict=True):
            table(one, "file", LISTED)
            stated = one["name"], one["kind"], one["indices"], one["lines"]
            demand(stated == (name, kind, indices, lines), f"{name}: name, kind, indices, lines")
            demand(re.fullmatch("[0-9a-f]{64}", one["sha256"]), f"{name}: a sha256")
            found[name] = one["sha256"]
        return found

    def line_count(self, form):
        """Words of a file."""
        sizes = self.sizes_of(form)
        return int(
            np.prod([sizes[a.removeprefix("-")] for a in self.runs(form["lines"])], dtype=int)
        )


def read_tiles(manifest, kind):
    """The tiled tensor of a kind, with the axes of `AXES`."""
    form, bits = manifest.kinds[kind], manifest.bits(manifest.kinds[kind])
    sizes, axes = manifest.sizes_of(form), manifest.axes_of_name(form)
    runs = [*manifest.runs(form["lines"]), *manifest.runs(form["word"])]
    order = [*axes, *(run.removeprefix("-") for run in runs)]
    lanes = int(
        np.prod([sizes[a.removeprefix("-")] for a in manifest.runs(form["word"])], dtype=int)
    )
    words = [
        word
        for name, indices in manifest.names(kind)
        for word in _words(manifest, form, name, indices, (lanes, bits, manifest.is_signed(kind)))
    ]
    grid = np.array(words, object).reshape([sizes[axis] for axis in order])
    flips = [slice(None)] * len(axes) + [slice(None, None, -1 if r[0] == "-" else 1) for r in runs]
    tiles = grid[tuple(flips)].transpose([order.index(axis) for axis in AXES[kind]])
    low = -(1 << bits - 1) if manifest.is_signed(kind) else 0
    high = (1 << bits - 1) - 1 if manifest.is_signed(kind) else (1 << bits) - 1
    if kind == "output" and form["function"] == "relu":
        low = 0
    demand(all(low <= one <= high for one in tiles.flat), f"{kind}: a value outside its field")
    return tiles.astype(np.int64)


def _words(manifest, form, name, indices, field):
    """The words of a file, each a list of its lanes, leftmost first."""
    content, count = (manifest.folder / name).read_bytes(), manifest.line_count(form)
    lanes, bits, is_signed = field
    width = form["filler_left"] + lanes * bits + form["filler_right"]
    if form["container"] != "text":
        octets = -(-width // 8)
        demand(len(content) == octets * count, f"{name}: {count} words of {octets} octets")
        order = "big" if form["container"] == "raw" else "little"
        parts = (content[at : at + octets] for at in range(0, len(content), octets))
        return [_fields(int.from_bytes(one, order), form, field, name) for one in parts]
    end = ENDS[form["line_end"]]
    head, foot = (
        _fixed(manifest, form, key, indices, field, count) for key in ("header", "trailer")
    )
    lines = content.split(end)
    demand(lines[-1] == b"" and len(lines) - 1 == len(head) + count + len(foot), f"{name}: lines")
    demand(b"\r" not in content.replace(b"\r\n", b"") and b"\n" not in b"".join(lines), "line ends")
    body = lines[len(head) : len(head) + count]
    demand(lines[: len(head)] == head and lines[len(head) + count : -1] == foot, f"{name}: header")
    if form["separator"]:
        return [_separated(line.decode(), form, field, name) for line in body]
    base, digit, digits = (
        (2, "[01]", width) if form["radix"] == "binary" else (16, "[0-9a-f]", -(-width // 4))
    )
    for line in body:
        demand(re.fullmatch(digit.encode() + b"{%d}" % digits, line), f"{name}: a word")
    return [_fields(int(line, base), form, (lanes, bits, is_signed), name) for line in body]


def _fixed(manifest, form, key, indices, field, count):
    """Header or trailer lines as they must stand."""
    lines = form[key]
    if isinstance(lines, int):
        lines = [f"#{number}#" for number in range(1, lines + 1)]
    lanes, bits, _ = field
    width = form["filler_left"] + lanes * bits + form["filler_right"]
    facts = {"lanes": lanes, "last_lane": lanes - 1, "second_lane": max(lanes - 2, 0), "bits": bits}
    facts |= {"digits": width if form["radix"] == "binary" else -(-width // 4), "lines": count}
    facts |= {"oh": manifest.out[0], "ow": manifest.out[1], "itile": 0, "otile": 0, "kij": 0}
    facts |= indices
    first = facts["otile"] * manifest.array["cols"]
    return [line.format(**facts, first_oc=first, second_oc=first + 1).encode() for line in lines]


def _fields(word, form, field, name):
    lanes, bits, is_signed = field
    demand(
        word >> (form["filler_left"] + lanes * bits + form["filler_right"]) == 0,
        f"{name}: bits left",
    )
    word >>= form["filler_right"]
    return [_value(word >> bits * at, bits, form, is_signed) for at in reversed(range(lanes))]


def _value(raw, bits, form, is_signed):
    raw &= (1 << bits) - 1
    if form["bit_order"] == "lsb":
        raw = int(format(raw, f"0{bits}b")[::-1], 2)
    return raw - (1 << bits) if is_signed and raw >> bits - 1 else raw


def _separated(line, form, field, name):
    lanes, bits, is_signed = field
    tokens, decimal = line.split(form["separator"]), form["radix"] == "decimal"
    pattern = {"decimal": r"0|-?[1-9]\d*", "hex": f"[0-9a-f]{{{-(-bits // 4)}}}"}
    pattern["binary"] = f"[01]{{{bits}}}"
    good = all(re.fullmatch(pattern[form["radix"]], token, re.ASCII) for token in tokens)
    demand(
        len(tokens) == lanes and good, f"{name}: {lanes} lanes with {form['separator']!r} between"
    )
    if decimal:
        return [int(token) for token in tokens]
    base = 16 if form["radix"] == "hex" else 2
    return [_value(int(token, base), bits, form, is_signed) for token in tokens]


def untile(manifest, kind, tiles):
    """Tiles to the tensor; lanes without a channel and the padding must be 0."""
    shape = manifest.shape
    if kind == "activation":
        edges = (
            manifest.padded
            if manifest.kinds[kind]["plane"] == "padded"
            else [shape["ih"], shape["iw"]]
        )
        planes = tiles.transpose(0, 2, 1).reshape(-1, *edges)
        demand(not planes[shape["ic"] :].any(), "activation: lanes without a channel are 0")
        planes = planes[: shape["ic"]]
        if edges is manifest.padded:
            down, across = shape["padding"]
            inner = planes[:, down : down + shape["ih"], across : across + shape["iw"]]
            demand(np.count_nonzero(inner) == np.count_nonzero(planes), "the padding is 0")
            return inner
        return planes
    if kind == "weight":
        full = tiles.transpose(0, 3, 1, 4, 2)  # otile col itile row kij
        full = full.reshape(full.shape[0] * full.shape[1], full.shape[2] * full.shape[3], -1)
        used = full[: shape["oc"], : shape["ic"]]
        demand(np.count_nonzero(used) == np.count_nonzero(full), "weight: unused lanes are 0")
        return used.reshape(shape["oc"], shape["ic"], shape["kh"], shape["kw"])
    sums = tiles.transpose(0, 2, 1).reshape(-1, *manifest.out)
    demand(not sums[shape["oc"] :].any(), f"{kind}: lanes without a channel are 0")
    return sums[: shape["oc"]]


def tap_psums(manifest, weight, codes):
    """Psums of each tap, ``kij oc oh ow``, in exact integers."""
    shape, (down, across) = manifest.shape, manifest.shape["padding"]
    below, right = shape["padding_after"]
    plane = np.pad(codes, ((0, 0), (down, below), (across, right)))
    (step_h, step_w), (oh, ow) = shape["stride"], manifest.out
    taps = []
    for kh, kw in product(range(shape["kh"]), range(shape["kw"])):
        seen = plane[:, kh : kh + step_h * oh : step_h, kw : kw + step_w * ow : step_w][:, :oh, :ow]
        taps.append(np.tensordot(weight[:, :, kh, kw], seen, axes=(1, 0)))
    return np.stack(taps)


def check(folder):
    """How many expected numbers of the bundle are right: all of them, or `Refused` is raised."""
    manifest = Manifest(Path(folder))
    for name, stated in manifest.hashes().items():
        path = manifest.folder / name
        demand(path.resolve().is_relative_to(manifest.folder.resolve()), f"{name}: outside")
        demand(path.is_file(), f"{name}: missing")
        demand(hashlib.sha256(path.read_bytes()).hexdigest() == stated, f"{name}: its sha256")
    operands = {
        kind: untile(manifest, kind, read_tiles(manifest, kind))
        for kind in ("weight", "activation")
    }
    for kind, name in (("weight", "weight_format"), ("activation", "act_format")):
        form = manifest.facts[name]
        low = -(1 << form["bits"] - 1) + form["is_narrow"] if form["is_signed"] else 0
        high = (1 << form["bits"] - form["is_signed"]) - 1
        demand(low <= operands[kind].min() and operands[kind].max() <= high, f"{kind}: its format")
    taps = tap_psums(manifest, operands["weight"], operands["activation"])
    psums, compared = taps.sum(axis=0), 0
    for kind in manifest.kinds.keys() & {"psum", "tap_psum", "output"}:
        tiles = read_tiles(manifest, kind)
        if kind == "tap_psum":
            found, wanted = np.stack([untile(manifest, kind, one) for one in tiles]), taps
        else:
            found, wanted = untile(manifest, kind, tiles), psums
        if kind == "output":
            form = manifest.kinds[kind]
            low = {"relu": 0 * psums, "signed": psums, "leaky": psums >> form["shift"]}
            wanted = np.where(psums >= 0, psums, low[form["function"]])
        demand((found == wanted).all(), f"{kind}: {(found != wanted).sum()} numbers differ")
        compared += found.size
    return compared


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        try:
            print(f"{argument}: valid, {check(argument)} numbers equal")
        except Refused as error:
            print(f"{argument}: refused: {error}")
        except Unsupported as error:
            print(f"{argument}: not known to this reader: {error}")
