// Multiplies what comes from the left with the weight that it holds, and adds what comes from above.
module element #(parameter XW=4, WW=4, SW=16)(
  input ck, input ld, input signed [WW-1:0] wi, output reg signed [WW-1:0] wo,
  input [XW-1:0] xi, output reg [XW-1:0] xo,
  input signed [SW-1:0] si, output reg signed [SW-1:0] so);
  wire signed [XW:0] xs = xi;
  always @(posedge ck) begin
    if (ld) wo <= wi;
    xo <= xi;
    so <= si + xs * wo;
  end
endmodule
