#!/usr/bin/env bash
# onnx's reference quantizes a value far above the range to the lowest code: 3e9 steps are -128 in int8 and 0 in uint8, where the operator saturates.
#
# onnx 1.23.2, onnxruntime 1.32.0, openvino 2026.4.1, numpy 2.4.6, x86-64. QuantizeLinear saturates, and ONNX Runtime and OpenVINO give 127 and 255. The ReferenceEvaluator turns the rounded quotient into int32 before it clips, and numpy's conversion
# of a float of 2^31 and above is the lowest integer there. 2^31 steps are no great value where a scale is tiny: a channel that training has switched off keeps a scale of 1e-10 (a common floor), and 0.3 is then 3e9 steps. So the
# largest code turns into the smallest in the implementation by which others are judged, in 8, 16 and 4 bits alike; values below the range are right, by luck. A Clip in front of QuantizeLinear is right in all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
cd "$folder"
cat > quantize.py <<'PY'
import numpy as np
import onnxruntime
import openvino
from onnx import checker, parser, save
from onnx.reference import ReferenceEvaluator

X = np.float32([0.2, 0.25, 0.3, -0.3])  # in steps of 1e-10: 2.0e9, 2.5e9, 3e9, -3e9; 2^31 is 2.147e9
TEXT = """<ir_version: 10, opset_import: ["" : 21]>
g (float[4] x) => (float[4] y) <float scale = {{1e-10}}, {kind} zero = {{0}}, float low = {{-1e-5}}, float high = {{1e-5}}> {{
    {guard}
    codes = QuantizeLinear (inside, scale, zero)
    y = Cast <to = 1> (codes)
}}"""


def by_onnxruntime(model):
    onnxruntime.set_default_logger_severity(3)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": X})[0].astype(int).tolist()


def by_openvino(model):
    save(model, "model.onnx")
    compiled = openvino.Core().compile_model("model.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled([X])[0].astype(int).tolist()


def by_reference(model):
    with np.errstate(invalid="ignore"):
        return ReferenceEvaluator(model).run(None, {"x": X})[0].astype(int).tolist()


for kind, low, high in (("int8", -128, 127), ("uint8", 0, 255), ("int16", -32768, 32767), ("uint4", 0, 15), ("int4", -8, 7)):
    for guard in ("inside = Identity (x)", "inside = Clip (x, low, high)"):
        model = parser.parse_model(TEXT.format(kind=kind, guard=guard))
        checker.check_model(model)
        runtimes = [by_onnxruntime(model)] + ([by_openvino(model)] if kind in ("int8", "uint8") else [])
        reference = by_reference(model)
        print(f"{kind}, {guard.split()[2]}: runtimes {runtimes}, reference {reference}")
        assert all(codes == [high, high, high, low] for codes in runtimes)
        assert reference == ([high, high, high, low] if "Clip" in guard else [high, low, low, low]), "the behaviour has changed"
PY
"$folder/venv/bin/python" -W ignore quantize.py
