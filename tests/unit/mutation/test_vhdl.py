"""The operators on VHDL: what changes, and what never does."""

from __future__ import annotations

from tilewright.mutation.vhdl import vhdl_mutants

PE = """
library ieee; use ieee.std_logic_1164.all; use ieee.numeric_std.all;
entity pe is
  generic (BITS : integer := 4 + 0);
  port (clk, rst : in std_logic; a : in unsigned(BITS - 1 downto 0); sum_out : out signed(15 downto 0));
end entity pe;

architecture rtl of pe is
  signal sum : signed(15 downto 0) := (others => '0');  -- a + b or not
begin
  sum_out <= sum;
  process (clk)
    variable next_sum : signed(15 downto 0);
  begin
    if rising_edge(clk) then
      next_sum := sum + signed(resize(a, 16)) - 3;
      if rst = '1' then
        sum <= (others => '0');
      elsif a >= 2 and a /= 7 then
        sum <= next_sum;
      end if;
    end if;
  end process;
  g : for i in 0 to 3 generate
    sum_out(4 * i + 3 downto 4 * i) <= not sum(3 downto 0);
  end generate;
end architecture;
"""


def _changes():
    return {
        (mutant.line, PE[mutant.start : mutant.end], mutant.replacement)
        for mutant in vhdl_mutants(PE, file="pe.vhd")
    }


def test_operators_constants_and_conditions_change():
    found = _changes()
    assert {
        (16, "+", "-"),
        (16, "-", "+"),
        (16, "3", "4"),
        (16, "signed", "unsigned"),
        (16, "next_sum := sum + signed(resize(a, 16)) - 3", "null"),
        (15, "rising_edge", "falling_edge"),
        (17, "=", "/="),
        (17, "rst = '1'", "not (rst = '1')"),
        (17, "rst = '1'", "false"),
        (18, "'0'", "'1'"),
        (19, ">=", ">"),
        (19, ">=", "<"),
        (19, "and", "or"),
        (19, "/=", "="),
        (20, "sum <= next_sum", "null"),
        (25, "not", ""),
    } <= found


def test_declarations_ports_ranges_and_comments_do_not():
    lines = {line for line, _, _ in _changes()}
    assert lines == {15, 16, 17, 18, 19, 20, 25}
    assert not {(25, "4", "5"), (25, "+", "-"), (25, "0", "1")} & _changes()
    assert not any(old == "<=" for _, old, _ in _changes())


def test_every_mutant_is_another_file_and_names_its_place():
    mutants = vhdl_mutants(PE, file="pe.vhd")
    texts = [mutant.apply(PE) for mutant in mutants]
    assert len({*texts, PE}) == len(mutants) + 1
    assert {mutant.category for mutant in mutants} == {
        *("operator", "constant", "off-by-one", "signedness", "reset", "enable", "deletion"),
    }
    assert str(mutants[0]).startswith("pe.vhd:15: ")


def test_a_file_without_an_architecture_has_none():
    assert vhdl_mutants("package p is constant x : integer := 1 + 2; end package;", file="p") == []
    assert vhdl_mutants("", file="p") == []
