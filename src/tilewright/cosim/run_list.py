"""What the testbench is told: build parameters, layer descriptor, files in the order of reading."""

from __future__ import annotations

from collections.abc import Iterator

from tilewright.errors import FormatError, ShapeError
from tilewright.spec import ConvShape
from tilewright.vectors import Bundle, load_layout

LAYOUT = "ece284-ws"
"""The one layout that the testbench reads."""

_MIN_CODE_BITS = 2
_MAX_ADDRESS_BITS = 24
_USUAL_ADDRESS_BITS = {"XmemAddrBits": 14, "WmemAddrBits": 14, "PmemAddrBits": 10}


def check_runnable(bundle: Bundle) -> None:
    """Raise `FormatError` or `ShapeError` if the RTL core cannot run `bundle`."""
    where = f"{bundle.folder} (layer {bundle.layer_name})"
    if bundle.layout.kinds != load_layout(LAYOUT).kinds:
        raise FormatError(
            f"the RTL testbench reads layout {LAYOUT}, but {where} has layout "
            f"{bundle.layout.name}: export it again with {LAYOUT}"
        )
    for code in (bundle.act_format, bundle.weight_format):
        if code.bits < _MIN_CODE_BITS:
            raise FormatError(
                f"a code of the RTL core has at least {_MIN_CODE_BITS} bits, but {where} has {code}"
            )
    for name, bits in parameters(bundle).items():
        if name in _USUAL_ADDRESS_BITS and bits > _MAX_ADDRESS_BITS:
            raise ShapeError(
                f"a memory of the RTL core has at most 2^{_MAX_ADDRESS_BITS} words, but {name} "
                f"must be {bits} for {where}: use a larger array or a smaller plane"
            )


def parameters(bundle: Bundle) -> dict[str, int]:
    """Parameters of the core for `bundle`: the same for most layers, so that one build serves them.

    The memories grow beyond their usual sizes only for a layer that needs it.
    """
    shape, array = bundle.shape, bundle.array
    words = {
        "XmemAddrBits": bundle.plan.itiles * shape.nij,
        "WmemAddrBits": bundle.plan.itiles * shape.taps * array.cols,
        "PmemAddrBits": shape.onij,
    }
    return {
        "Rows": array.rows,
        "Cols": array.cols,
        "ActBits": bundle.act_format.bits,
        "WeightBits": bundle.weight_format.bits,
        "PsumBits": array.psum_bits,
        **{
            name: max(usual, (words[name] - 1).bit_length())
            for name, usual in _USUAL_ADDRESS_BITS.items()
        },
    }


def run_list(bundle: Bundle) -> str:
    """The text file that the bench reads first: "KEY NUMBER" lines, then "file NAME" lines.

    Raises `FormatError` if the bundle lacks a file.
    """
    array = bundle.array
    numbers = {
        "rows": array.rows,
        "cols": array.cols,
        "act_bits": bundle.act_format.bits,
        "weight_bits": bundle.weight_format.bits,
        "psum_bits": array.psum_bits,
        **_descriptor(bundle.shape),
        "itiles": bundle.plan.itiles,
        "otiles": bundle.plan.otiles,
        "oc": bundle.shape.oc,
    }
    lines = [f"{key} {value}" for key, value in numbers.items()]
    lines += [f"file {name}" for name in _files(bundle)]
    return "\n".join(lines) + "\n"


def _descriptor(shape: ConvShape) -> dict[str, int]:
    return {
        "padded_h": shape.padded_h,
        "padded_w": shape.padded_w,
        "kh": shape.kh,
        "kw": shape.kw,
        "stride_h": shape.stride[0],
        "stride_w": shape.stride[1],
        "oh": shape.oh,
        "ow": shape.ow,
    }


def _files(bundle: Bundle) -> Iterator[str]:
    """Names in the order in which the bench opens them."""
    names = {(file.kind, *sorted(file.indices.items())): file.name for file in bundle.files}

    def find(kind: str, **indices: int) -> str:
        name = names.get((kind, *sorted(indices.items())))
        if name is None:
            place = " ".join(f"{key}={value}" for key, value in indices.items())
            raise FormatError(
                f"{bundle.folder} must list a file of kind {kind} {place}: export again"
            )
        return name

    yield find("psum")
    yield find("output")
    for itile in range(bundle.plan.itiles):
        yield find("activation", itile=itile)
    for otile in range(bundle.plan.otiles):
        for itile in range(bundle.plan.itiles):
            for kij in range(bundle.shape.taps):
                yield find("weight", itile=itile, otile=otile, kij=kij)
