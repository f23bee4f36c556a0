#!/usr/bin/env bash
# torch.compile: a number that an autograd.Function takes and that is used once more behind it works in the first call, and ends the second.
#
# torch 2.13.0, backend "eager" already. A training step reads a scale as a Python float, gives it to an autograd.Function and multiplies a result by it.
# The first value is compiled as a constant. With another value Dynamo makes the float an input of the graph, but makes it inside of the function's own
# graph, and the multiplication behind refers to it there: InternalTorchDynamoError, no fall-back to plain Python. Used before the function as well, the
# float is made outside and everything works; so does a function without use of the float behind it. Every learned step that is read as a float moves.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 setuptools==80.9.0
cd "$folder"
cat > steps.py <<'PY'
import logging

import torch

logging.disable(logging.WARNING)


class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values, number):
        ctx.number = number
        mean = values.mean()
        ctx.mark_non_differentiable(mean)
        return values * number, mean

    @staticmethod
    def backward(ctx, gradient, _):
        return gradient * ctx.number, None


def used_behind(values, scale):
    number = float(scale)
    scaled, mean = Scaled.apply(values, number)
    return scaled, mean * number


def used_before(values, scale):
    number = float(scale)
    around = values.detach() * number
    scaled, mean = Scaled.apply(values, number)
    return scaled, mean * number, around


def only_inside(values, scale):
    return Scaled.apply(values, float(scale))


def outcome(step):
    torch._dynamo.reset()
    compiled, said = torch.compile(step, backend="eager"), []
    for value in (0.5, 0.25):
        values = torch.ones(4, requires_grad=True)
        try:
            found = compiled(values, torch.tensor(value))
            right = step(values, torch.tensor(value))
            said.append("equal" if all(map(torch.equal, found, right)) else "differs")
        except Exception as error:
            said.append(type(error).__name__)
    return said


found = {step.__name__: outcome(step) for step in (used_behind, used_before, only_inside)}
print(f"torch {torch.__version__}")
for name, said in found.items():
    print(f"{name}: first value {said[0]}, second value {said[1]}")
assert found["used_behind"] == ["equal", "InternalTorchDynamoError"], "the behaviour has changed"
assert found["only_inside"] == ["equal", "equal"], "the behaviour has changed"
assert found["used_before"] == ["equal", "equal"], "the behaviour has changed"
PY
"$folder/venv/bin/python" -W ignore steps.py
# seen:
# torch 2.13.0+cpu
# used_behind: first value equal, second value InternalTorchDynamoError
# used_before: first value equal, second value equal
# only_inside: first value equal, second value equal
