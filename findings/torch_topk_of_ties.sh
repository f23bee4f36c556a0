#!/usr/bin/env bash
# torch counts two top-1 accuracies for the same integer logits: topk takes another of the tied classes than argmax does, and than the ONNX file of the same module.
#
# torch 2.13.0, onnxruntime 1.32.0, onnxscript 0.7.2. Logits of a network whose last layer gives codes are tied often: here 10 classes with codes of 4 bits. `argmax` gives the first of them (so its documentation says), `topk` gives any of them ("the indices of tied elements are not
# guaranteed to be stable"), on the CPU another one in half of the rows that are tied. Expected of `topk(1)`, and of the first column of `topk(5)`, by which the ImageNet example and what was copied from it count top-1, was the class of `argmax`. ONNX says which one: "Given two equivalent values, this operator uses the
# indices along the axis as a tiebreaker. That is, the element with the lower index will appear first" (TopK). So the exported module gives other classes than the module, with equal logits, bit for bit, and an accuracy by `topk` is not one by `argmax`. Float logits show nothing of it.
# Count by `argmax` on both sides, and compare logits before classes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - 2> messages.txt <<'PY'
import numpy as np
import onnxruntime
import torch

codes = np.random.default_rng(0).integers(-8, 8, (1000, 10))
logits = torch.tensor(codes, dtype=torch.float32)
truth = np.random.default_rng(1).integers(0, 10, 1000)
first = codes.argmax(1)
is_tied = (codes == codes.max(1, keepdims=True)).sum(1) > 1


class TopFive(torch.nn.Module):
    def forward(self, x):
        return torch.topk(x, 5, dim=1)


torch.onnx.export(TopFive(), (logits,), "top.onnx", dynamo=True, verbose=False)
session = onnxruntime.InferenceSession("top.onnx", providers=["CPUExecutionProvider"])
values, classes = session.run(None, {session.get_inputs()[0].name: logits.numpy()})
of_torch = logits.topk(5, dim=1)
assert np.array_equal(values, of_torch.values.numpy()), "the five largest logits are the same"
assert not np.array_equal(classes, of_torch.indices.numpy())
found = {
    "torch argmax": logits.argmax(1).numpy(),
    "torch max": logits.max(1).indices.numpy(),
    "torch topk(1)": logits.topk(1, dim=1).indices[:, 0].numpy(),
    "torch topk(5)": of_torch.indices[:, 0].numpy(),
    "torch topk(1) of int8": logits.to(torch.int8).topk(1, dim=1).indices[:, 0].numpy(),
    "the ONNX file": classes[:, 0],
}
print("rows with a tie for the largest:", int(is_tied.sum()), "of", len(codes))
seen = {}
for name, top in found.items():
    assert all(codes[row, one] == codes[row].max() for row, one in enumerate(top))
    seen[name] = int((top != first).sum())
    print(f"{name}: {seen[name]} rows have another class than the first of the largest; right: {int((top == truth).sum())}")
rng = np.random.default_rng(2)
distinct = torch.tensor(rng.normal(size=(1000, 10)))
assert torch.equal(distinct.topk(5, dim=1).indices[:, 0], distinct.argmax(1)), "floats have no ties"
assert int(is_tied.sum()) == 298
assert seen == {
    "torch argmax": 0,
    "torch max": 0,
    "torch topk(1)": 156,
    "torch topk(5)": 151,
    "torch topk(1) of int8": 156,
    "the ONNX file": 0,
}, "the behaviour has changed"
PY
