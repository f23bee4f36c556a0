-- ghdl -a --std=08 counter.vhd && ghdl -e --std=08 counter && ghdl -r --std=08 counter --wave=counter.ghw
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity counter is end;

architecture bench of counter is
  signal clk : std_logic := '0';
  signal valid : std_ulogic := 'L';
  signal count : unsigned(3 downto 0);
  signal sum : signed(7 downto 0) := (others => 'Z');
  signal letter : character := 'a';
begin
  process begin
    for cycle in 0 to 9 loop
      wait for 5 ns; clk <= '1';
      wait for 1 ns;
      count <= to_unsigned(cycle, 4);
      sum <= to_signed(-3 * cycle, 8);
      if cycle mod 2 = 0 then valid <= 'H'; else valid <= '0'; end if;
      if cycle = 7 then sum(1) <= 'W'; end if;
      wait for 4 ns; clk <= '0';
    end loop;
    wait;
  end process;
end;
