#!/usr/bin/env bash
# TensorFlow.js computes abs, square and segment sums of int32 in float32: square(4097) is 16785408 where 4097 * 4097 is 16785409, and abs(2147483647) is -2147483648.
#
# @tensorflow/tfjs 4.22.0 (npm), its default backend in Node.js, "cpu". Tensors of int32 stay int32 and add, subtract, compare and wrap rightly: mul, pow, sum, cumsum, matMul, dot and maximum of the same numbers are exact. `abs` and `square` pass through a Float32Array on the way and say int32 all the same, so beyond 2^24 low bits are lost: a psum and its absolute
# value differ, and the largest int32 gets the sign of the smallest. `unsortedSegmentSum` gives float32. A sum of squared errors of integer psums, or a check by abs(a - b), is wrong in a way that mul and sub are not.
# Use x.mul(x) in place of x.square(), and maximum(x, neg(x)) in place of abs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit @tensorflow/tfjs@4.22.0 > messages.txt 2>&1 || { cat messages.txt; exit 1; }
cat > measure.mjs <<'JS'
import assert from 'node:assert';
import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
const int32 = (values) => tf.tensor1d(values, 'int32');
const seen = async (name, tensor, type, values) => {
  const found = Array.from(await tensor.data());
  console.log(`${name}: ${tensor.dtype} ${found.join(' ')}`);
  assert.strictEqual(tensor.dtype, type, 'the behaviour has changed');
  assert.deepStrictEqual(found, values, 'the behaviour has changed');
};
const odd = 2 ** 24 + 1;
const largest = 2 ** 31 - 1;
await seen('square of 4097 and 4095', tf.square(int32([4097, 4095])), 'int32', [16785408, 16769025]);
await seen('4097 * 4097', tf.mul(int32([4097]), int32([4097])), 'int32', [16785409]);
await seen('4097 to the power of 2', tf.pow(int32([4097]), int32([2])), 'int32', [16785409]);
await seen('absolute values', tf.abs(int32([odd, -odd, largest, 5, -5])), 'int32', [odd - 1, odd - 1, -(2 ** 31), 5, 5]);
await seen('the same by maximum', tf.maximum(int32([odd, -odd, largest]), tf.neg(int32([odd, -odd, largest]))), 'int32', [odd, odd, largest]);
await seen('segment sums', tf.unsortedSegmentSum(int32([odd, 1]), int32([0, 1]), 2), 'float32', [odd - 1, 1]);
await seen('sum', tf.sum(int32([odd, 0])), 'int32', [odd]);
await seen('matrix product', tf.matMul(tf.tensor2d([[odd, 1]], [1, 2], 'int32'), tf.tensor2d([[1], [1]], [2, 1], 'int32')), 'int32', [odd + 1]);
JS
node measure.mjs > seen.txt 2> messages.txt || { cat seen.txt messages.txt; exit 1; }
grep -E ": (int32|float32) " seen.txt
