#!/usr/bin/env bash
# DigitalJS computes another circuit once it has merged constants into its gates: a signed psum of 8 bits shifted by 2 into 16 loses its sign (-100 >>> 2 is 39), and 3 equals 19.
#
# digitaljs 0.14.2 (npm), HeadlessCircuit in Node.js. `transform.transformCircuit` makes one gate of a gate and a constant, so that diagrams get smaller. Of a shift it then asks whether the amount is signed, too, which it never is, and extends the shifted operand with zeros: where the output is wider than the operand, as after yosys has narrowed it, negative numbers become positive ones, to the
# left and to the right. Of an equality it cuts the constant to the operand's width, so a 4-bit 3 is equal to 19, and -5 to 11. The circuit before the step computes both rightly, and after it sums, products, orders and shifts of equal widths stay right; nothing is reported. A requantizer is such a shift: simulate the circuit before it is transformed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit digitaljs@0.14.2 3vl@1.0.1 > messages.txt 2>&1 || { cat messages.txt; exit 1; }
cat > measure.cjs <<'JS'
const assert = require('node:assert');
const { HeadlessCircuit, transform } = require('digitaljs');
const { Vector3vl } = require('3vl');

/** What one gate makes of a number and a constant, as it stands and after transformCircuit. */
function both(type, bits, signed, number, constant) {
  const plain = {
    devices: {
      x: { type: 'Input', net: 'x', bits: bits.in1 },
      k: { type: 'Constant', constant: Vector3vl.fromNumber(constant, bits.in2).toBin() },
      gate: { type, bits, signed },
      y: { type: 'Output', net: 'y', bits: bits.out ?? 1 },
    },
    connectors: [
      { from: { id: 'x', port: 'out' }, to: { id: 'gate', port: 'in1' } },
      { from: { id: 'k', port: 'out' }, to: { id: 'gate', port: 'in2' } },
      { from: { id: 'gate', port: 'out' }, to: { id: 'y', port: 'in' } },
    ],
    subcircuits: {},
  };
  return [plain, transform.transformCircuit(plain)].map((circuit) => {
    const simulated = new HeadlessCircuit(circuit);
    simulated.setInput('x', Vector3vl.fromNumber(number, bits.in1));
    for (let step = 0; step < 20; step++) simulated.updateGates();
    return Number(simulated.getOutput('y').toBigInt((signed.in1 && 'out' in bits) || false));
  });
}

const shift = { in1: true, in2: false, out: true };
const whole = { in1: true, in2: true };
const codes = { in1: false, in2: false };
const cases = [
  ['-100 >>> 2, 8 bits into 16', 'ShiftRight', { in1: 8, in2: 3, out: 16 }, shift, -100, 2, -25, 39],
  ['-3 <<< 1, 4 bits into 8', 'ShiftLeft', { in1: 4, in2: 1, out: 8 }, shift, -3, 1, -6, 26],
  ['100 >>> 2, 8 bits into 16', 'ShiftRight', { in1: 8, in2: 3, out: 16 }, shift, 100, 2, 25, 25],
  ['-100 >>> 2, 8 bits into 8', 'ShiftRight', { in1: 8, in2: 3, out: 8 }, shift, -100, 2, -25, -25],
  ['3 == 19, 4 and 8 bits', 'Eq', { in1: 4, in2: 8 }, codes, 3, 19, 0, 1],
  ['3 != 19, 4 and 8 bits', 'Ne', { in1: 4, in2: 8 }, codes, 3, 19, 1, 0],
  ['-5 == 11, 4 and 8 bits', 'Eq', { in1: 4, in2: 8 }, whole, -5, 11, 0, 1],
  ['-5 < 11, 4 and 8 bits', 'Lt', { in1: 4, in2: 8 }, whole, -5, 11, 1, 1],
  ['-3 + 7, 4 bits into 8', 'Addition', { in1: 4, in2: 4, out: 8 }, whole, -3, 7, 4, 4],
  ['-3 * -7, 4 bits into 8', 'Multiplication', { in1: 4, in2: 4, out: 8 }, whole, -3, -7, 21, 21],
];
for (const [name, type, bits, signed, number, constant, right, merged] of cases) {
  const found = both(type, bits, signed, number, constant);
  console.log(`${name}: ${found[0]}, with the constant merged ${found[1]}`);
  assert.deepStrictEqual(found, [right, merged], 'the behaviour has changed');
}
JS
node measure.cjs
