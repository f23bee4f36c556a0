"""What docs/reference/other-tools.md says of torch, measured; a new version that differs fails here."""

import warnings

import numpy as np
import torch

from tilewright.quant.learned_step import quantize


def quantized_by_torch(values, scale):
    """Codes of torch's own quantized tensors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # they are deprecated
        tensor = torch.quantize_per_tensor(torch.from_numpy(values), scale, 0, torch.quint8)
        return tensor.int_repr().numpy()


def test_torch_multiplies_by_the_reciprocal_and_our_quantizers_divide_as_onnx_does():
    differ = []
    for scale in (0.1, 0.3, 0.7, 0.03):
        step = np.float32(scale)
        values = (np.arange(255, dtype=np.float32) + np.float32(0.5)) * step  # ties
        divided = np.clip(np.rint(values / step), 0, 255)
        found = quantized_by_torch(values, scale)
        assert (found == np.clip(np.rint(values * (np.float32(1) / step)), 0, 255)).all()
        differ.append(int((found != divided).sum()))
        ours = quantize(torch.from_numpy(values), torch.tensor(scale), 0, 255)
        assert (ours.numpy() == divided).all()
    assert differ == [0, 31, 7, 84]


def test_torch_convolves_bytes_modulo_256():
    x, w = (torch.full((1, 1, 1, 1), n, dtype=torch.uint8) for n in (200, 3))
    assert torch.nn.functional.conv2d(x, w).item() == 600 % 256
