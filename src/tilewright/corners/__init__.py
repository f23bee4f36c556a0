"""Corner-case vectors: values, sizes and modes that real samples never exercise."""

from tilewright.corners.covering import write_covering
from tilewright.corners.layer_sets import layer_sets, smallest_first, words_to_stream
from tilewright.corners.mode_sets import mode_sets
from tilewright.corners.vector_set import VectorSet

__all__ = [
    "VectorSet",
    "layer_sets",
    "mode_sets",
    "smallest_first",
    "words_to_stream",
    "write_covering",
]
