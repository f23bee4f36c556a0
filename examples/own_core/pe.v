// One processing element: keeps a weight, passes the activation east and the sum south.
module pe (
    input wire clk,
    input wire load,
    input wire signed [3:0] weight_in,
    input wire [3:0] act_in,
    input wire signed [15:0] sum_in,
    output reg [3:0] act_out,
    output reg signed [15:0] sum_out
);
  reg signed [3:0] weight;
  wire signed [8:0] product = $signed({1'b0, act_in}) * weight;

  always @(posedge clk) begin
    if (load) weight <= weight_in;
    act_out <= act_in;
    sum_out <= sum_in + product;
  end
endmodule
