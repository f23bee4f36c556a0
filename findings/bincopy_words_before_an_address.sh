#!/usr/bin/env bash
# bincopy reads a $readmemh file that has no address as empty, and of others drops every word in front of the first one, without an error.
#
# bincopy 20.1.1, with Icarus Verilog 11. In IEEE 1800 (21.4) an address is optional, and loading starts at the lowest one; most files that are written for $readmemh have none. bincopy's reader of "verilog_vmem" keeps words behind
# an `@` alone, from the library (`add`, which takes such a text for its own, `add_verilog_vmem`, `add_verilog_vmem_file`) and from its command. So a memory of weights that is converted for a board is a file of
# nothing, or begins with the value that fills gaps, and the conversion ends with status 0. A first line `@0` is read alike by both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet bincopy==20.1.1
cd "$folder"
printf '// weights\n01 02\nfd 04\n' > plain.mem
printf '// weights\n01 02\n@3\nfd 04\n' > mixed.mem
printf '@0\n01 02\nfd 04\n' > addressed.mem
cat > rom.v <<'V'
module rom;
  reg [7:0] m [0:4];
  reg [8*16-1:0] name;
  integer i;
  initial begin
    for (i = 0; i < 5; i = i + 1) m[i] = 8'hff;
    if (!$value$plusargs("name=%s", name)) $finish;
    $readmemh(name, m);
    $display("%0s: %h%h%h%h%h", name, m[0], m[1], m[2], m[3], m[4]);
  end
endmodule
V
iverilog -o rom rom.v
for name in plain mixed addressed; do
  vvp -n rom "+name=$name.mem" 2> /dev/null | grep mem: | sed 's/^/icarus: /' | tee -a icarus.txt
done
"$folder/venv/bin/python" - <<'PY' | tee bincopy.txt
import bincopy

for name in ("plain", "mixed", "addressed"):
    rom = bincopy.BinFile()
    rom.add_verilog_vmem_file(f"{name}.mem")
    guessed = bincopy.BinFile()
    guessed.add_file(f"{name}.mem")
    assert list(guessed.segments) == list(rom.segments)
    image = rom.as_binary(minimum_address=0, padding=b"\xff").hex() if len(rom) else ""
    print(f"bincopy: {name}.mem: {len(rom)} bytes, {image or 'nothing'}")
PY
for name in plain mixed addressed; do
  "$folder/venv/bin/bincopy" convert -i verilog_vmem -o binary "$name.mem" "$name.bin" > said.txt
  echo "convert: $name.mem: status $?, $(stat -c %s "$name.bin") bytes"
done | tee converted.txt
cmp icarus.txt - <<'TXT'
icarus: plain.mem: 0102fd04ff
icarus: mixed.mem: 0102fffd04
icarus: addressed.mem: 0102fd04ff
TXT
cmp bincopy.txt - <<'TXT'
bincopy: plain.mem: 0 bytes, nothing
bincopy: mixed.mem: 2 bytes, fffffffd04
bincopy: addressed.mem: 4 bytes, 0102fd04
TXT
cmp converted.txt - <<'TXT'
convert: plain.mem: status 0, 0 bytes
convert: mixed.mem: status 0, 2 bytes
convert: addressed.mem: status 0, 4 bytes
TXT
echo "as stated"
