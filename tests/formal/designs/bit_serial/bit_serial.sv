// Signed activations bit by bit, lowest first, the bit of weight -2^(B-1) marked. All columns add what their weights give
// for a bit, at its place. Weights come through one chain of words.

module bit_serial #(
    parameter int K = 4,
    parameter int C = 4,
    parameter int WW = 4,
    parameter int B = 4,
    parameter int SW = 10
) (
    input  logic            clk,
    input  logic            rst,
    input  logic            chain_en,
    input  logic [  WW-1:0] chain,
    input  logic            bit_en,
    input  logic            bit_first,
    input  logic            bit_sign,
    input  logic [   K-1:0] bits,
    output logic            sums_ok,
    output logic [C*SW-1:0] sums
);

  logic [K*C*WW-1:0] held;
  logic [$clog2(B+1)-1:0] place;
  wire [$clog2(B+1)-1:0] here = bit_first ? '0 : place;

  always_ff @(posedge clk) begin
    if (chain_en) held <= {held[(K*C-1)*WW-1:0], chain};
    if (bit_en) place <= here + 1'b1;
    sums_ok <= bit_en && bit_sign && !rst;
  end

  for (genvar c = 0; c < C; c++) begin : gen_col
    logic signed [SW-1:0] acc;
    logic signed [SW-1:0] at_bit;
    always_comb begin
      at_bit = 0;
      for (int k = 0; k < K; k++) if (bits[k]) at_bit = at_bit + $signed(held[(k*C+c)*WW+:WW]);
    end
    wire signed [SW-1:0] placed = at_bit <<< here;
    wire signed [SW-1:0] start = bit_first ? '0 : acc;
    always_ff @(posedge clk) if (bit_en) acc <= bit_sign ? start - placed : start + placed;
    assign sums[c*SW+:SW] = acc;
  end

endmodule
