#!/usr/bin/env bash
# jax2onnx exports lax.round, which takes ties away from zero, as ONNX's Round, which takes them to even: a quantizer's 0.5 is code 1 in JAX and 0 in the file.
#
# jax2onnx 0.17.1 with jax 0.10.2, onnxruntime 1.32.0, onnx 1.23.2, on a CPU. `lax.round(x)` has a rounding method, by default AWAY_FROM_ZERO; the export writes the operator Round for both methods, and ONNX's Round takes halves to the nearest even number (its specification says so). Of the 512 ties k + 0.5 between -256 and 256 half
# are another number in the file. Behind it codes and sums differ: a quantizer with a step of 2 gives other codes for half of all odd inputs. `jnp.round` and `lax.round(x, TO_NEAREST_EVEN)` are the same in both. The export compares nothing and raises nothing.
# A second thing: integer layers are exported as files that no runtime takes: a convolution of int8 becomes a Conv of int32, which the operator does not have (ConvInteger it is), and onnx's own type check refuses the file. Write `jnp.sign(x) * jnp.floor(jnp.abs(x) + 0.5)` where ties go away from zero, and run the file on ties before it is used.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax2onnx==0.17.1 jax==0.10.2 jaxlib==0.10.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
JAX_PLATFORMS=cpu "$folder/venv/bin/python" -W ignore - <<'PY'
import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
from jax import lax
from jax2onnx import to_onnx

TIES = np.arange(-256, 256, dtype=np.float32) + np.float32(0.5)
ODD = np.arange(-255, 256, 2, dtype=np.float32)
AWAY, EVEN = lax.RoundingMethod.AWAY_FROM_ZERO, lax.RoundingMethod.TO_NEAREST_EVEN
FUNCTIONS = {
    "lax.round(x)": (lambda x: lax.round(x), TIES),
    "lax.round(x, AWAY_FROM_ZERO)": (lambda x: lax.round(x, AWAY), TIES),
    "lax.round(x, TO_NEAREST_EVEN)": (lambda x: lax.round(x, EVEN), TIES),
    "jnp.round(x)": (lambda x: jnp.round(x), TIES),
    "codes with a step of 2": (lambda x: jnp.clip(lax.round(x / 2), -128, 127).astype(jnp.int8), ODD),
    "sign(x) * floor(abs(x) + 0.5)": (lambda x: jnp.sign(x) * jnp.floor(jnp.abs(x) + 0.5), TIES),
}


def both(function, x):
    """What JAX and the exported file give."""
    model = to_onnx(function, inputs=[jax.ShapeDtypeStruct(x.shape, x.dtype)])
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: x})
    return np.asarray(jax.jit(function)(x)), found, [node.op_type for node in model.graph.node]


seen = {}
for name, (function, x) in FUNCTIONS.items():
    expected, found, operators = both(function, x)
    seen[name] = int((expected != found).sum())
    print(f"{name}: {operators}, {seen[name]} of {len(x)} differ, x = {x[128:132].tolist()}: {expected[128:132].tolist()} in JAX, {found[128:132].tolist()} in the file")
assert list(seen.values()) == [256, 256, 0, 0, 128, 0], "the behaviour has changed"

image, kernel = np.ones((1, 1, 8), np.int8), np.ones((1, 1, 3), np.int8)
convolution = lambda x: lax.conv_general_dilated(x, kernel, (1,), "VALID", preferred_element_type=jnp.int32)
assert np.asarray(jax.jit(convolution)(image)).ravel().tolist() == [3] * 6
model = to_onnx(convolution, inputs=[jax.ShapeDtypeStruct(image.shape, image.dtype)])
print("a convolution of int8:", [node.op_type for node in model.graph.node])
try:
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
except onnx.shape_inference.InferenceError as error:
    print("refused:", str(error).splitlines()[0][:160])
else:
    raise SystemExit("the behaviour has changed: the file of an integer convolution is taken")
PY
