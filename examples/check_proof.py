"""Check a certificate of `tilewright prove --certificate DIR`, with numpy alone: check_proof.py DIR/MODE

The netlist is run, bit by bit, on inputs drawn here, corners and random ones, from random registers; each
output must be what its polynomial says. That this holds for all inputs is the prover's argument.
"""

# ruff: noqa: ANN001, ANN201, ANN202, PT018
# fmt: off
import hashlib
import json
import sys
from pathlib import Path

import numpy as np

SAMPLES = 200


def number(bits, signed=False):
    """Bits (lowest first), each an array over the samples, as numbers."""
    kind = np.int64 if len(bits) < 60 else object
    total = np.zeros(SAMPLES, kind)
    for at, bit in enumerate(bits):
        total = total + (bit.astype(kind) << at)
    return total - (bits[-1].astype(kind) << len(bits)) if signed and bits else total


def bits_of(numbers, width):
    """The lowest bits of numbers."""
    return [((numbers >> at) & 1).astype(np.int64) for at in range(width)]


def output(cell, get):
    """The output bits of a cell."""
    kind, ports = cell["type"], cell["connections"]
    par = {name: int(text, 2) for name, text in cell["parameters"].items() if set(text) <= {"0", "1"}}
    a, b = get(ports["A"]), get(ports["B"]) if "B" in ports else []
    signed = bool(par.get("A_SIGNED")) and bool(par.get("B_SIGNED", 1))
    x, y = number(a, signed), number(b, signed)
    if kind == "$mux":
        return [np.where(get(ports["S"])[0], two, one) for one, two in zip(a, b, strict=True)]
    table = {
        "$add": lambda: x + y, "$sub": lambda: x - y, "$mul": lambda: x * y, "$neg": lambda: -x,
        "$pos": lambda: x, "$not": lambda: -x - 1, "$and": lambda: x & y, "$or": lambda: x | y,
        "$xor": lambda: x ^ y, "$eq": lambda: x == y, "$ne": lambda: x != y, "$lt": lambda: x < y,
        "$le": lambda: x <= y, "$gt": lambda: x > y, "$ge": lambda: x >= y, "$logic_not": lambda: x == 0,
        "$logic_and": lambda: (x != 0) & (y != 0), "$logic_or": lambda: (x != 0) | (y != 0),
        "$reduce_or": lambda: x != 0, "$reduce_bool": lambda: x != 0,
        "$reduce_and": lambda: number(a) == (1 << len(a)) - 1,
        "$shl": lambda: x << y, "$sshl": lambda: x << y, "$shr": lambda: number(a) >> y,
    }
    assert kind in table, f"cell {kind} is not known here"
    return bits_of(table[kind]() + 0, len(ports["Y"]))


def value(terms, numbers):
    """A polynomial, given as terms, for all samples."""
    total = np.zeros(SAMPLES, object)
    for factor, names in terms:
        total = total + factor * np.prod([numbers[n] for n in names], axis=0, initial=1, dtype=object)
    return total


def draw(variables, rng):
    """Numbers for every variable: inputs are drawn, half of the samples at corners; others follow."""
    numbers = []
    for one in variables:
        if "name" in one:
            low, high = one["low"], one["high"]
            assert (high - low + 1).bit_count() == 1 and low in (0, -(high + 1)), f"{one['name']}: range"
            mixed = rng.integers(low, high + 1, SAMPLES).astype(object)
            mixed[: SAMPLES // 2] = rng.choice([low, high], SAMPLES // 2)
            numbers.append(mixed)
            continue
        base = value(one["base"], numbers)
        if "shift" in one:
            numbers.append(base >> one["shift"])
            continue
        chosen = sum((base >= cut).astype(int) for cut in one["cuts"])
        numbers.append(np.choose(chosen, [value(piece, numbers) for piece in one["pieces"]]))
    return numbers


def in_order(module):
    """The cells between registers, each after those that drive its inputs."""
    cells = [c for c in module["cells"].values() if "Y" in c["connections"]]
    needs = [{b for p, bs in c["connections"].items() if p != "Y" for b in bs} for c in cells]
    driven = {bit for c in cells for bit in c["connections"]["Y"]}
    order, left = [], set(range(len(cells)))
    while left:
        ready = [at for at in left if not needs[at] & driven]
        assert ready, "a loop"
        order += [cells[at] for at in ready]
        driven -= {bit for at in ready for bit in cells[at]["connections"]["Y"]}
        left -= set(ready)
    return order


def settle(order, registers, held):
    """Give all nets their bits; registers that a reset clears at once, too."""
    def get(bits):
        return [np.full(SAMPLES, int(b)) if isinstance(b, str) else held[b] for b in bits]

    for _ in range(2):
        for cell in order:
            held.update(zip(cell["connections"]["Y"], output(cell, get), strict=True))
        for c in (c for c in registers if c["type"] == "$adff"):
            active = get(c["connections"]["ARST"])[0] == int(c["parameters"]["ARST_POLARITY"], 2)
            for bit, to in zip(c["connections"]["Q"], reversed(c["parameters"]["ARST_VALUE"]), strict=True):
                held[bit] = np.where(active, int(to), held[bit])
    return get


def check(folder):
    """How many values were compared; raises AssertionError with what is wrong with a certificate."""
    proof = json.loads((Path(folder) / "proof.json").read_text())
    netlist = (Path(folder) / "netlist.json").read_text()
    rest = json.dumps({k: v for k, v in proof.items() if k != "seal"}, sort_keys=True)
    assert proof["format"] == "tilewright-proof-1", "the format is not known"
    assert proof["seal"] == hashlib.sha256(rest.encode()).hexdigest(), "the seal is not that of the fields"
    assert proof["netlist_sha256"] == hashlib.sha256(netlist.encode()).hexdigest(), "another netlist"
    module = next(m for m in json.loads(netlist)["modules"].values() if int(m["attributes"]["top"], 2))
    ports, rng = module["ports"], np.random.default_rng(0)
    numbers, order = draw(proof["variables"], rng), in_order(module)
    registers = [c for c in module["cells"].values() if "Q" in c["connections"]]
    assert {c["type"] for c in registers} <= {"$dff", "$adff"}, "a register that is not known here"
    assert {c["connections"]["CLK"][0] for c in registers} == set(ports[proof["clock"]]["bits"]), "the clock"
    held = {b: rng.integers(0, 2, SAMPLES) for c in registers for b in c["connections"]["Q"]}
    inputs = {name for name, one in ports.items() if one["direction"] == "input"} - {proof["clock"]}
    assert set(proof["cycles"][0]) == inputs, "an input is not set in the first cycle"
    compared = 0
    for cycle, parts_of in enumerate(proof["cycles"]):
        for name, parts in parts_of.items():
            bits = [bit for terms, low, n in parts for bit in bits_of(value(terms, numbers) >> low, n)]
            held.update(zip(ports[name]["bits"], bits, strict=True))
        get = settle(order, registers, held)
        for one in (one for one in proof["checks"] if one["cycle"] == cycle):
            bits = get(ports[one["port"]]["bits"])[one["low"] : one["low"] + one["width"]]
            same = number(bits) == value(one["terms"], numbers) % (1 << one["width"])
            assert same.all() and len(bits) == one["width"] > 0, f"{one['what']} in cycle {cycle}"
            compared += 1
        nexts = [(c["connections"]["Q"], get(c["connections"]["D"])) for c in registers]
        held.update(pair for one in nexts for pair in zip(*one, strict=True))
    assert compared == len(proof["checks"]) > 0, "checks of cycles that are not there"
    return compared


if __name__ == "__main__":
    held_of = {one: check(one) for one in sys.argv[1:]}
    print(f"{len(held_of)} certificates hold, values compared on {SAMPLES} inputs: {held_of}")
