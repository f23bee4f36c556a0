// tw_pe: one multiply-accumulate cell of a weight-stationary array.
//
// Contract
//   The cell keeps one signed weight. An unsigned activation passes through from west to east, a
//   signed psum from north to south; on the way the psum gains activation * weight, modulo
//   2^PsumBits. Weights are handed on from west to east while `weight_valid_i` is high.
//
// Timing (one register on every path)
//   at the end of a cycle with valid_i:         act_o = act_i, psum_o = psum_i + act_i * weight
//   at the end of a cycle with weight_valid_i:  weight = weight_i, shown on weight_o
//   valid_o is valid_i one cycle later; without it act_o and psum_o keep their values.
//   Data registers have no reset: nothing reads them before their valid bit.

module tw_pe #(
    parameter int ActBits    = 4,
    parameter int WeightBits = 4,
    parameter int PsumBits   = 16
) (
    input  logic                  clk_i,
    input  logic                  rst_ni,
    // weights, west to east
    input  logic                  weight_valid_i,
    input  logic [WeightBits-1:0] weight_i,
    output logic [WeightBits-1:0] weight_o,
    // activations, west to east
    input  logic                  valid_i,
    input  logic [   ActBits-1:0] act_i,
    output logic                  valid_o,
    output logic [   ActBits-1:0] act_o,
    // psums, north to south
    input  logic [  PsumBits-1:0] psum_i,
    output logic [  PsumBits-1:0] psum_o
);

  localparam int ProductBits = ActBits + 1 + WeightBits;

  logic                          valid_q;
  logic        [    ActBits-1:0] act_q;
  logic        [ WeightBits-1:0] weight_q;
  logic        [   PsumBits-1:0] psum_q;

  // Both factors as signed numbers of the product's width: the activation gains a zero as its sign.
  logic signed [ProductBits-1:0] act_ext;
  logic signed [ProductBits-1:0] weight_ext;

  assign act_ext    = ProductBits'($signed({1'b0, act_i}));
  assign weight_ext = ProductBits'($signed(weight_q));

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 1'b0;
    else valid_q <= valid_i;
  end

  always_ff @(posedge clk_i) begin
    if (weight_valid_i) weight_q <= weight_i;
    if (valid_i) begin
      act_q  <= act_i;
      psum_q <= psum_i + PsumBits'(act_ext * weight_ext);
    end
  end

  assign valid_o  = valid_q;
  assign act_o    = act_q;
  assign weight_o = weight_q;
  assign psum_o   = psum_q;

endmodule
