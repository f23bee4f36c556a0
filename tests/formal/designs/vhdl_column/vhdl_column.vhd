-- Weight stationary, VHDL: N rows in one column. Words of the chain push the weights down; a sample of all rows gives
-- one sum N cycles later. Rows are held back inside.

library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity vhdl_column is
  generic (
    N : positive := 4;
    X_BITS : positive := 4;
    H_BITS : positive := 4;
    S_BITS : positive := 10
  );
  port (
    clk    : in  std_logic;
    nrst   : in  std_logic;
    push   : in  std_logic;
    coeff  : in  std_logic_vector(H_BITS - 1 downto 0);
    sample : in  std_logic;
    xs     : in  std_logic_vector(N * X_BITS - 1 downto 0);
    strobe : out std_logic;
    total  : out std_logic_vector(S_BITS - 1 downto 0)
  );
end entity;

architecture rtl of vhdl_column is
  type coeffs_t is array (0 to N - 1) of signed(H_BITS - 1 downto 0);
  type sums_t is array (0 to N) of signed(S_BITS - 1 downto 0);
  type waits_t is array (0 to N - 1, 0 to N) of unsigned(X_BITS - 1 downto 0);
  signal h : coeffs_t;
  signal s : sums_t;
  signal x : waits_t;
  signal seen : std_logic_vector(N - 1 downto 0);
begin
  s(0) <= (others => '0');
  strobe <= seen(N - 1);
  total <= std_logic_vector(s(N));

  control : process (clk, nrst)
  begin
    if nrst = '0' then
      seen <= (others => '0');
    elsif rising_edge(clk) then
      seen <= seen(N - 2 downto 0) & sample;
    end if;
  end process;

  rows : for i in 0 to N - 1 generate
    x(i, 0) <= unsigned(xs((i + 1) * X_BITS - 1 downto i * X_BITS));

    waits : for j in 1 to N generate
      process (clk)
      begin
        if rising_edge(clk) then
          x(i, j) <= x(i, j - 1);
        end if;
      end process;
    end generate;

    process (clk)
    begin
      if rising_edge(clk) then
        if push = '1' then
          if i = 0 then
            h(i) <= signed(coeff);
          else
            h(i) <= h(i - 1);
          end if;
        end if;
        s(i + 1) <= s(i) + resize(signed('0' & x(i, i)) * h(i), S_BITS);
      end if;
    end process;
  end generate;
end architecture;
