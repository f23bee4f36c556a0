// Rows of weights stay in a bank; a vector comes with the number of its row, and leaves through a tree of adders with
// registers between the levels, cut to OW bits with saturation. Verilog of 2005.

module dot_tree #(
    parameter L  = 8,
    parameter N  = 4,
    parameter NW = 2,
    parameter W  = 4,
    parameter OW = 8
) (
    input                 clock,
    input                 reset,
    input                 bank_we,
    input      [  NW-1:0] bank_row,
    input      [ L*W-1:0] bank_data,
    input                 ask,
    input      [  NW-1:0] ask_row,
    input      [ L*W-1:0] ask_data,
    output reg            reply,
    output reg [  OW-1:0] reply_data
);

  localparam SW = 2 * W + 3;

  reg [L*W-1:0] bank[0:N-1];
  wire [L*W-1:0] row = bank[ask_row];
  reg [3:0] step;

  always @(posedge clock)
    if (bank_we) bank[bank_row] <= bank_data;

  reg signed [2*W-1:0] p0, p1, p2, p3, p4, p5, p6, p7;
  reg signed [2*W:0] q0, q1, q2, q3;
  reg signed [2*W+1:0] r0, r1;
  reg signed [SW-1:0] total;

  wire below = total < -(1 <<< (OW - 1));
  wire above = total > (1 <<< (OW - 1)) - 1;

  always @(posedge clock) begin
    p0 <= $signed(row[0*W+:W]) * $signed(ask_data[0*W+:W]);
    p1 <= $signed(row[1*W+:W]) * $signed(ask_data[1*W+:W]);
    p2 <= $signed(row[2*W+:W]) * $signed(ask_data[2*W+:W]);
    p3 <= $signed(row[3*W+:W]) * $signed(ask_data[3*W+:W]);
    p4 <= $signed(row[4*W+:W]) * $signed(ask_data[4*W+:W]);
    p5 <= $signed(row[5*W+:W]) * $signed(ask_data[5*W+:W]);
    p6 <= $signed(row[6*W+:W]) * $signed(ask_data[6*W+:W]);
    p7 <= $signed(row[7*W+:W]) * $signed(ask_data[7*W+:W]);
    q0 <= p0 + p1;
    q1 <= p2 + p3;
    q2 <= p4 + p5;
    q3 <= p6 + p7;
    r0 <= q0 + q1;
    r1 <= q2 + q3;
    total <= r0 + r1;
    reply_data <= below ? {1'b1, {(OW - 1) {1'b0}}} : above ? {1'b0, {(OW - 1) {1'b1}}} : total[OW-1:0];
  end

  always @(posedge clock)
    if (reset) {reply, step} <= 5'b0;
    else {reply, step} <= {step, ask};

endmodule
