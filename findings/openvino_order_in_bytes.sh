#!/usr/bin/env bash
# OpenVINO packs 2 and 4 bits from the low end of a byte, but 1, 3 and 6 bits from the high end.
#
# openvino 2026.4.1. The first of eight codes is in the lowest bits of the first byte for u2 and u4, and in the highest for u1, u3 and u6; of the
# last two the bytes are besides not a stream of bits: u3 is two bytes of the low two bits of eight codes and one of their high bits, u6 two
# bytes of the low four bits of four codes and one of their high two. NumPy's packbits does 1 bit in either order, from the high end unless told.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openvino==2026.4.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import openvino
from openvino import opset15

EIGHT = {"u1": [1, 0, 0, 0, 0, 0, 1, 1], "u2": [0, 1, 2, 3, 0, 1, 2, 3], "u3": [0, 1, 2, 3, 4, 5, 6, 7], "u4": [0, 1, 2, 3, 4, 5, 6, 7], "u6": [0, 1, 2, 3, 4, 5, 6, 63]}


def stream(codes, bits, lowest_first):
    """The codes one after the other in a stream of bits, from the low or the high end of each byte."""
    order = range(bits) if lowest_first else reversed(range(bits))
    places = [[code >> place & 1 for code in codes] for place in order]
    return np.packbits(np.array(places).T.ravel(), bitorder="little" if lowest_first else "big").tolist()


def in_parts(codes, low_bits, high_bits):
    """A group of codes: their low bits, then their high bits, each from the high end."""
    group = 8 // high_bits
    found = []
    for at in range(0, len(codes), group):
        some = codes[at : at + group]
        found += stream([code % 2**low_bits for code in some], low_bits, False) + stream([code >> low_bits for code in some], high_bits, False)
    return found


found = {}
for name, codes in EIGHT.items():
    constant = opset15.constant(np.array(codes, np.uint8), dtype=getattr(openvino.Type, name))
    found[name] = np.array(constant.data).view(np.uint8).ravel().tolist()
    assert constant.get_vector().tolist() == codes
    print(name, codes, "is", " ".join(f"{byte:08b}" for byte in found[name]))
print("openvino", openvino.__version__)
assert found["u2"] == stream(EIGHT["u2"], 2, True) and found["u4"] == stream(EIGHT["u4"], 4, True), "the behaviour has changed"
assert found["u1"] == stream(EIGHT["u1"], 1, False), "the behaviour has changed"
assert found["u3"] == in_parts(EIGHT["u3"], 2, 1) and found["u6"] == in_parts(EIGHT["u6"], 4, 2), "the behaviour has changed"
PY
