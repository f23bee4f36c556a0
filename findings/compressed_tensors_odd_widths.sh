#!/usr/bin/env bash
# compressed-tensors reads weights of 3, 5, 6 or 7 bits that its earlier versions packed as other codes: of 64 codes of 3 bits 48 change, without a message.
#
# compressed-tensors 0.17.1 and 0.20.0 (format "pack-quantized", the one of vLLM and llm-compressor). The earlier version puts as many whole codes into an int32 as fit, ten of 3 bits, and leaves the rest empty; the later one lets codes run across the boundaries of words.
# Both call the format by one name, unpacking asks for no version and does not compare the number of words with the shape: 64 codes of 3 bits are seven words in the one and six in the other. Either reads its own files rightly, and widths that divide 32 (1, 2, 4, 8) are the same in both,
# so what is checked with 4 bits says nothing about 3. Count the words of `weight_packed` against `weight_shape` before you read such a file, or unpack with the version that packed it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 compressed-tensors==0.20.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-deps --target "$folder/earlier" compressed-tensors==0.17.1
cd "$folder"
cat > words.py <<'PY'
"""Write the words of 64 codes of each width, or read the words that the other version wrote."""
import sys
from importlib.metadata import version

import torch
from compressed_tensors.compressors.pack_quantized.helpers import pack_to_int32, unpack_from_int32

for bits in range(1, 9):
    codes = (torch.arange(64) % 2**bits - 2 ** (bits - 1)).to(torch.int8).reshape(1, 64)
    own = pack_to_int32(codes, bits)
    assert torch.equal(unpack_from_int32(own, bits, codes.shape), codes), "each version reads its own words"
    if sys.argv[1] == "write":
        torch.save(own, f"{bits}.pt")
        continue
    words = torch.load(f"{bits}.pt")
    found = unpack_from_int32(words, bits, codes.shape)
    assert found.shape == codes.shape
    print(f"{bits} bits: {words.shape[1]} words of the earlier version, {own.shape[1]} of {version('compressed-tensors')}; codes that differ: {int((found != codes).sum())}")
PY
PYTHONPATH="$folder/earlier" "$folder/venv/bin/python" words.py write
"$folder/venv/bin/python" words.py read | tee read.txt
for bits in 1 2 4 8; do grep -q "^$bits bits: .*differ: 0$" read.txt; done
grep -qx "3 bits: 7 words of the earlier version, 6 of 0.20.0; codes that differ: 48" read.txt
for line in "5 bits: .*differ: 57" "6 bits: .*differ: 58" "7 bits: .*differ: 60"; do grep -q "^$line$" read.txt; done
echo "as stated"
