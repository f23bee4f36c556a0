"""What hypothesis draws from: shared by the property and witness tests."""

from hypothesis import strategies as st

from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import TilePlan


@st.composite
def plans(draw):
    """Layers on arrays with rows != cols, ic != oc, ih != iw."""
    kernel = draw(st.sampled_from([(1, 1), (3, 3), (5, 5), (1, 3), (2, 1)]))
    ic = draw(st.integers(1, 7))
    ih = draw(st.integers(kernel[0], kernel[0] + 2))
    shape = ConvShape(
        ic=ic,
        ih=ih,
        iw=draw(st.integers(kernel[1], kernel[1] + 3).filter(lambda iw: iw != ih)),
        oc=draw(st.integers(1, 7).filter(lambda oc: oc != ic)),
        kh=kernel[0],
        kw=kernel[1],
        stride=(draw(st.integers(1, 2)), draw(st.integers(1, 2))),
        padding=(draw(st.integers(0, 2)), draw(st.integers(0, 2))),
        padding_after=draw(st.none() | st.tuples(st.integers(0, 2), st.integers(0, 2))),
    )
    rows = draw(st.integers(1, 4))
    cols = draw(st.integers(1, 4).filter(lambda cols: cols != rows))
    return TilePlan(shape, ArrayShape(rows, cols, psum_bits=draw(st.integers(4, 20))))
