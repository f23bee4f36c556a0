// tw_fifo beside a list whose words move up when the first one leaves.
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

  always @(posedge clk_i) begin
    assume (!(pop_i && count_q == 0));
    assume (!(push_i && !pop_i && count_q == 3));
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
