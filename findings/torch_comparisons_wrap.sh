#!/usr/bin/env bash
# torch compares int8 codes with a number that has wrapped first: -1 == 255 is True, and no code at all is above -129.
#
# torch 2.13.0 with numpy 2.4.6, on the CPU. A Python number beside an int8 or uint8 tensor takes the tensor's type (torch.result_type, "Tensor Attributes" in its documentation), and where it does not fit it keeps its low eight bits: 200 is -56, -129 is 127,
# -1 beside uint8 is 255. Expected was the comparison of the values, as numpy 2 does it, or an error, as torch gives from `fill_`, `clamp`, `full`, `masked_fill` and an assignment with the same number. So `assert (codes > -129).all()` fails, and a check with the
# wrong range, `(codes < 200).all()`, fails too; `(codes == 255).any()` finds the code -1, so that an int8 output which should have been uint8 agrees with the expected list, number by number; `isin` finds it as well. A tensor without dimensions counts as such a number, one of
# one element does not: `codes == torch.tensor(255)` and `codes == torch.tensor([255])` differ. Compare in int64: `codes.long() == 255`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import torch

signed = torch.tensor([-128, -57, -1, 0, 127], dtype=torch.int8)
unsigned = torch.tensor([0, 1, 200, 255], dtype=torch.uint8)
cases = {
    "int8 == 255": (signed, lambda codes: codes == 255),
    "int8 < 200": (signed, lambda codes: codes < 200),
    "int8 > -129": (signed, lambda codes: codes > -129),
    "int8 <= 127": (signed, lambda codes: codes <= 127),
    "uint8 == -1": (unsigned, lambda codes: codes == -1),
    "uint8 > -1": (unsigned, lambda codes: codes > -1),
    "uint8 < 256": (unsigned, lambda codes: codes < 256),
}
seen = {}
for name, (codes, compare) in cases.items():
    seen[name] = compare(codes).tolist()
    by_value = compare(codes.numpy()).tolist()
    assert by_value == compare(codes.long()).tolist() == [bool(compare(code)) for code in codes.tolist()]
    print(name, codes.tolist(), "torch", seen[name], "numpy", by_value)
seen["isin"] = torch.isin(signed, 255).tolist()
seen["no dimension"] = (signed == torch.tensor(255)).tolist()
seen["one dimension"] = (signed == torch.tensor([255])).tolist()
expected = [255, 200, 0, 7]
wrong = torch.tensor([-1, -56, 0, 7], dtype=torch.int8)
seen["number by number"] = all(bool(code == number) for code, number in zip(wrong, expected))
print({name: seen[name] for name in list(seen)[-4:]})
refused = []
for name, write in {
    "fill_": lambda: signed.clone().fill_(255),
    "clamp": lambda: signed.clamp(-129, 127),
    "full": lambda: torch.full((2,), 255, dtype=torch.int8),
    "masked_fill": lambda: signed.masked_fill(signed > 0, 255),
    "[0] =": lambda: signed.clone().__setitem__(0, 255),
}.items():
    try:
        write()
    except RuntimeError as error:
        assert "overflow" in str(error)
        refused.append(name)
print("refuse such a number:", refused)
assert seen == {
    "int8 == 255": [False, False, True, False, False],
    "int8 < 200": [True, True, False, False, False],
    "int8 > -129": [False] * 5,
    "int8 <= 127": [True] * 5,
    "uint8 == -1": [False, False, False, True],
    "uint8 > -1": [False] * 4,
    "uint8 < 256": [False] * 4,
    "isin": [False, False, True, False, False],
    "no dimension": [False, False, True, False, False],
    "one dimension": [False] * 5,
    "number by number": True,
}, "the behaviour has changed"
assert refused == ["fill_", "clamp", "full", "masked_fill", "[0] ="], "the behaviour has changed"
assert np.array_equal(wrong.numpy(), expected) is False
PY
