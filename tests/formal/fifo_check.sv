// tw_fifo beside a list whose words move up when the first one leaves. The wires that nothing drives
// are registers of tw_fifo: word n of the list lies n slots behind the one that is read.
module check (
    input logic clk_i, push_i, pop_i,
    input logic [1:0] data_i
);
  logic [1:0] data_o;
  logic empty_o;
  tw_fifo #(.Width(2), .Depth(3)) dut (.*, .rst_ni(1'b1));

  logic [1:0] first_q, second_q, third_q;
  logic [2:0] count_q, left;
  initial count_q = 0;
  always @* left = count_q - pop_i;

  (* keep *) wire [1:0] read, write, count, slot_0, slot_1, slot_2;
  logic [1:0] oldest, second, third;
  always @* begin
    oldest = read == 0 ? slot_0 : read == 1 ? slot_1 : slot_2;
    second = read == 2 ? slot_0 : read == 0 ? slot_1 : slot_2;
    third  = read == 1 ? slot_0 : read == 2 ? slot_1 : slot_2;
  end

  always @(posedge clk_i) begin
    assume (!(pop_i && count_q == 0));
    assume (!(push_i && !pop_i && count_q == 3));
    assert (count == count_q && count <= 3 && read < 3 && write == (read + count) % 3);
    if (count_q > 0) assert (oldest == first_q);
    if (count_q > 1) assert (second == second_q);
    if (count_q > 2) assert (third == third_q);
    assert (empty_o == (count_q == 0));
    if (count_q != 0) assert (data_o == first_q);
    if (pop_i) begin
      first_q  <= second_q;
      second_q <= third_q;
    end
    if (push_i && left == 0) first_q <= data_i;
    if (push_i && left == 1) second_q <= data_i;
    if (push_i && left == 2) third_q <= data_i;
    count_q <= left + push_i;
  end
endmodule
