"""Facts of a recovered layer, for reports."""

from __future__ import annotations

from tilewright.facts import LayerFacts
from tilewright.spec import IntegerLayer


def layer_facts(layer: IntegerLayer) -> LayerFacts:
    """The fields of a layer that the report shows."""
    shape = layer.shape
    return LayerFacts(
        layer=layer.name,
        shape_text=f"{shape.ic}x{shape.ih}x{shape.iw} to {shape.oc}x{shape.oh}x{shape.ow}, "
        f"{shape.kh}x{shape.kw}",
        weight_bits=layer.weight_format.bits,
        act_bits=layer.act_format.bits,
        act_scale=layer.act_scale,
        weight_codes=(int(layer.weight.min()), int(layer.weight.max())),
    )
