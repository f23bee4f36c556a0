#!/usr/bin/env bash
# TensorFlow.js's WebAssembly backend clips int32 by reading its bits as floats: of codes clipped to -8..7, 300 stays 300 and -1 becomes -1056964608.
#
# @tensorflow/tfjs and @tensorflow/tfjs-backend-wasm 4.22.0 (npm), in Node.js. The kernel of `clipByValue` compares float32 numbers; given int32 it says int32 and compares the bits: positive integers are then tiny floats and below every bound, so nothing is cut at the top, and negative ones are not numbers in that reading and become the bits of the lower bound as a float (0xC1000000 for -8). Bounds from 0 on
# cut the negative ones rightly, so a clip to 0..15 is half right. The same in `reciprocal` and `prelu`; `stridedSlice` of int32 gives such floats, neg and floorDiv pass through float32. The "cpu" backend clips rightly, and so do maximum and minimum in both: one page computes two networks, by the backend that the browser gets.
# A saturation is the last step of every requantizer. Write minimum(maximum(x, lo), hi), or cast to float32 before the clip.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 > messages.txt 2>&1 || { cat messages.txt; exit 1; }
cat > measure.mjs <<'JS'
import assert from 'node:assert';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';

const int32 = (values) => tf.tensor1d(values, 'int32');
const bitsOfFloat = (value) => new Int32Array(new Float32Array([value]).buffer)[0];
const floatOfBits = (value) => new Float32Array(new Int32Array([value]).buffer)[0];
const psums = [5, 7, 8, 300, -1, -8, -9, -300, 0];
const changed = 'the behaviour has changed';

for (const backend of ['cpu', 'wasm']) {
  await tf.setBackend(backend);
  await tf.ready();
  assert.strictEqual(tf.getBackend(), backend);
  for (const [low, high] of [[-8, 7], [-128, 127], [0, 15]]) {
    const clipped = tf.clipByValue(int32(psums), low, high);
    const found = Array.from(await clipped.data());
    const right = psums.map((psum) => Math.min(Math.max(psum, low), high));
    console.log(`${backend}, clip of ${psums.join(' ')} to ${low}..${high}: ${clipped.dtype} ${found.join(' ')}`);
    assert.strictEqual(clipped.dtype, 'int32', changed);
    const wrong = psums.map((psum) => (psum >= 0 ? psum : low < 0 ? bitsOfFloat(low) : 0));
    assert.deepStrictEqual(found, backend === 'cpu' ? right : wrong, changed);
    const pair = Array.from(await tf.minimum(tf.maximum(int32(psums), tf.scalar(low, 'int32')), tf.scalar(high, 'int32')).data());
    assert.deepStrictEqual(pair, right, 'maximum and minimum are right');
    const floats = Array.from(await tf.clipByValue(int32(psums).cast('float32'), low, high).data());
    assert.deepStrictEqual(floats, right, 'a clip of floats is right');
  }
  const every = tf.stridedSlice(int32(psums), [0], [7], [3]);
  const found = Array.from(await every.data());
  const kept = [5, 300];
  console.log(`${backend}, every third: ${every.dtype} ${found.slice(0, 2).join(' ')}`);
  assert.strictEqual(every.dtype, backend === 'cpu' ? 'int32' : 'float32', changed);
  assert.deepStrictEqual(found.slice(0, 2), backend === 'cpu' ? kept : kept.map(floatOfBits), changed);
  const negated = Array.from(await tf.neg(int32([2 ** 24 + 1])).data());
  assert.deepStrictEqual(negated, [backend === 'cpu' ? -(2 ** 24) - 1 : -(2 ** 24)], changed);
}
JS
node measure.mjs > seen.txt 2> messages.txt || { cat seen.txt messages.txt; exit 1; }
grep -E "^(cpu|wasm), " seen.txt
