"""One layer, given as plain arrays, to the text files that a testbench reads, and back."""

from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from tilewright.spec import ArrayShape, ConvShape, IntegerLayer, NumberFormat
from tilewright.tile import TilePlan
from tilewright.vectors import decode_bundle, load_layout, read_bundle, write_bundle
from tilewright.verify import reference_outputs, reference_tap_psums

random = np.random.default_rng(284)
shape = ConvShape(ic=12, ih=4, iw=4, oc=10, kh=3, kw=3, padding=(1, 1))
layer = IntegerLayer(
    name="conv",
    shape=shape,
    weight=random.integers(-7, 8, (10, 12, 3, 3), dtype=np.int8),
    weight_format=NumberFormat(4, is_signed=True, is_narrow=True),
    act_format=NumberFormat(4, is_signed=False),
    weight_scale=np.ones(1),
    act_scale=1.0,
)
codes = random.integers(0, 16, (12, 4, 4), dtype=np.uint8)
taps = reference_tap_psums(codes[None], layer.weight, shape)[:, 0]  # kij oc oh ow
layout = load_layout("ece284-ws")

bundle = write_bundle(
    Path(mkdtemp()) / "conv",
    layer=layer,
    plan=TilePlan(shape, ArrayShape(rows=8, cols=8, psum_bits=16)),
    layout=layout,
    codes=codes,
    psums=taps.sum(axis=0),
    outputs=reference_outputs(taps.sum(axis=0), layout.output),
    sample=0,
)
print(f"{len(bundle.files)} files in {bundle.folder.name}")
print(*(bundle.folder / "weight_itile1_otile0_kij4.txt").read_text().splitlines()[:5], sep="\n")

tensors = decode_bundle(read_bundle(bundle.folder))
assert (tensors.weight == layer.weight).all()
assert (tensors.codes == codes).all()
assert (tensors.psums == taps.sum(axis=0)).all()
print("decoded: every weight, code and psum came back")
