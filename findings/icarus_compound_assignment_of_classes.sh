#!/usr/bin/env bash
# Icarus 11 drops the operator of a compound assignment to a member of a class: `errors += wrong` is `errors = wrong`, and `count++` is `count = 1`.
#
# Icarus Verilog 11.0, -g2012 -Wall, without a word; Verilator 5.48 counts as the code says. A scoreboard that adds up what differs keeps the last
# comparison alone: two wrong psums and then a right one are "0 of 1 wrong", and the test passes. `errors = errors + wrong` counts, and so does the
# compound assignment to a variable of a module or to a field of a packed struct.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > top.sv <<'SV'
module top;
  class scoreboard;
    int errors, count, sum, written_out;
    function void check(int got, int expected);
      errors += (got != expected);
      count++;
      sum ^= got;
      written_out = written_out + (got != expected);
    endfunction
  endclass
  scoreboard board;
  int plain;
  initial begin
    board = new;
    board.check(1, 2);
    board.check(3, 5);
    board.check(4, 4);
    plain += 2;
    plain += 3;
    $display("%0d of %0d wrong, written out %0d, xor %0d, outside of a class %0d", board.errors, board.count, board.written_out,
      board.sum, plain);
  end
endmodule
SV
iverilog -g2012 -Wall -o top top.sv
vvp -n top | tee seen.txt
grep -qx "0 of 1 wrong, written out 2, xor 4, outside of a class 5" seen.txt
echo "as stated: 2 of 3 are wrong, and the xor is 6"
