"""What an accumulate unit puts out, number by number."""

import numpy as np
import pytest

from tilewright.sim.psum_width import put_out
from tilewright.spec import OutputFunction
from tilewright.verify import reference_outputs

PSUMS = [-(2**31), -65, -64, -1, 0, 1, 2**31 - 1]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (OutputFunction(), [0, 0, 0, 0, 0, 1, 2**31 - 1]),
        (OutputFunction("signed"), PSUMS),
        (OutputFunction("leaky", 6), [-(2**25), -2, -1, -1, 0, 1, 2**31 - 1]),
        (OutputFunction("leaky", 31), [-1, -1, -1, -1, 0, 1, 2**31 - 1]),
    ],
)
def test_outputs_are_the_function_of_the_psum_and_the_model_has_the_same(output, expected):
    psums = np.array(PSUMS)
    assert reference_outputs(psums, output).tolist() == expected
    assert reference_outputs(psums.astype(np.int32), output).dtype == np.int64
    assert put_out(psums, output).tolist() == expected
