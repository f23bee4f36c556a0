#!/usr/bin/env bash
# GHDL writes the nine values of std_logic into VCD files, which have four: U, W, L, H and - are in no standard.
#
# GHDL 2.0.0 (`ghdl -r --vcd=`). A scalar that is pulled up comes as "H!", a vector as "bUX01ZWLH- #". A reader that knows 0, 1, x and
# z refuses the vector or, worse, passes over the scalar as no change at all: a valid bit that went to H, or a register that
# is U again, keeps the value that it had.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > one.vhd <<'VHDL'
library ieee; use ieee.std_logic_1164.all;
entity one is end;
architecture t of one is
  signal valid : std_logic := '0'; signal word : std_logic_vector(8 downto 0);
begin
  process begin
    wait for 1 ns; valid <= 'H'; word <= "UX01ZWLH-"; wait for 1 ns; valid <= 'U'; wait for 1 ns; wait;
  end process;
end;
VHDL
ghdl -a --std=08 one.vhd
ghdl -e --std=08 one
ghdl -r --std=08 one --vcd=one.vcd
sed -n '/enddefinitions/,$p' one.vcd
