// tw_pe: one multiply-accumulate cell.
//
// Contract
//   Activations pass through from west to east. The product of activation and weight is added to
//   - weight stationary: the psum that passes through from north to south; the weight is the
//     cell's own, loaded beforehand through a chain of shadow registers from west to east;
//   - output stationary (is_os_i): the cell's own psum; the weight passes through from north to
//     south, in step with the activation. flush_i moves the psums one cell to the south.
//   first_i comes with the first activation of a fold: the shadow weights take over with it
//   (weight stationary), or the sum begins anew (output stationary).
//
//   Weights are two's complement; activations too if ActSigned is 1, else unsigned.
//   An activation is two halves, low and high, each with a multiplier and a weight of its own.
//   is_half_i: the halves are two channels, and two weight words are shifted in for each cell, the
//   low half's last. Else they are one number, and one word serves both multipliers.
//   A sum that does not fit ColumnBits is stored as OverflowRule says (wrap, or saturate), and sets
//   the overflow bit that travels with the psum.
//
// Timing (one register on every path)
//   valid_i        act_o = act_i, psum_o = sum, first_o, last_o at the end of the cycle
//   weight_valid_i the shadow registers shift at the end of the cycle
//   flush_i        psum_o = psum_i at the end of the cycle; never together with valid_i
//   valid_o is valid_i one cycle later. Data registers have no reset: nothing reads them before
//   their valid bit.

module tw_pe #(
    parameter int ActBits    = 4,
    parameter int WeightBits = 4,
    parameter int ColumnBits = 16,
    parameter int ActSigned  = 0
) (
    input  logic                  clk_i,
    input  logic                  rst_ni,
    // mode, constant during a job
    input  logic                  is_os_i,
    input  logic                  is_half_i,
    input  logic                  saturate_i,
    // weight stationary: weights from west to east
    input  logic                  weight_valid_i,
    input  logic [WeightBits-1:0] weight_i,
    output logic [WeightBits-1:0] weight_o,
    // output stationary: weights from north to south
    input  logic [WeightBits-1:0] north_i,
    output logic [WeightBits-1:0] south_o,
    // activations from west to east
    input  logic                  valid_i,
    input  logic                  first_i,
    input  logic                  last_i,
    input  logic [   ActBits-1:0] act_i,
    output logic                  valid_o,
    output logic                  first_o,
    output logic                  last_o,
    output logic [   ActBits-1:0] act_o,
    // psums from north to south, with their overflow bit
    input  logic                  flush_i,
    input  logic [ColumnBits-1:0] psum_i,
    input  logic                  overflow_i,
    output logic [ColumnBits-1:0] psum_o,
    output logic                  overflow_o
);

  localparam int LowBits = (ActBits + 1) / 2;
  localparam int ProductBits = ActBits + WeightBits + 1;
  localparam int SumBits = ((ColumnBits > ProductBits) ? ColumnBits : ProductBits) + 1;

  logic                          valid_q;
  logic                          first_q;
  logic                          last_q;
  logic        [    ActBits-1:0] act_q;
  logic        [ WeightBits-1:0] shadow_low_q;
  logic        [ WeightBits-1:0] shadow_high_q;
  logic        [ WeightBits-1:0] weight_low_q;
  logic        [ WeightBits-1:0] weight_high_q;
  logic        [ ColumnBits-1:0] psum_q;
  logic                          overflow_q;

  // The weights of this cycle
  logic        [ WeightBits-1:0] weight_low;
  logic        [ WeightBits-1:0] weight_high;

  assign weight_low  = is_os_i ? north_i : first_i ? shadow_low_q : weight_low_q;
  assign weight_high = is_os_i ? north_i : first_i ? shadow_high_q : weight_high_q;

  // Factors as signed numbers of the product's width. The high half has the activation's sign; the
  // low one has a sign only where it is a channel of its own.
  logic                          low_sign;
  logic                          high_sign;
  logic signed [ProductBits-1:0] low;
  logic signed [ProductBits-1:0] high;
  logic signed [ProductBits-1:0] product_low;
  logic signed [ProductBits-1:0] product_high;
  logic signed [ProductBits-1:0] product;

  assign low_sign     = (ActSigned != 0) && is_half_i && act_i[LowBits-1];
  assign high_sign    = (ActSigned != 0) && act_i[ActBits-1];
  assign low          = ProductBits'($signed({low_sign, act_i[LowBits-1:0]}));
  assign high         = ProductBits'($signed({high_sign, act_i[ActBits-1:LowBits]}));
  assign product_low  = low * ProductBits'($signed(weight_low));
  assign product_high = high * ProductBits'($signed(weight_high));
  assign product      = product_low + (is_half_i ? product_high : product_high <<< LowBits);

  // The sum, and what of it fits
  logic signed [    SumBits-1:0] base;
  logic signed [    SumBits-1:0] sum;
  logic                          base_overflow;
  logic                          fits;
  logic        [ ColumnBits-1:0] bound;

  always_comb begin
    base          = SumBits'($signed(psum_i));
    base_overflow = overflow_i;
    if (is_os_i) begin
      base          = first_i ? '0 : SumBits'($signed(psum_q));
      base_overflow = !first_i && overflow_q;
    end
  end

  assign sum   = base + SumBits'(product);
  assign fits  = (sum == SumBits'($signed(sum[ColumnBits-1:0])));
  assign bound = {sum[SumBits-1], {(ColumnBits - 1) {!sum[SumBits-1]}}};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 1'b0;
    else valid_q <= valid_i;
  end

  always_ff @(posedge clk_i) begin
    if (weight_valid_i) begin
      shadow_low_q  <= weight_i;
      shadow_high_q <= is_half_i ? shadow_low_q : weight_i;
    end
    if (valid_i) begin
      first_q       <= first_i;
      last_q        <= last_i;
      act_q         <= act_i;
      weight_low_q  <= weight_low;
      weight_high_q <= weight_high;
    end
    if (flush_i) begin
      psum_q     <= psum_i;
      overflow_q <= overflow_i;
    end else if (valid_i) begin
      psum_q     <= (fits || !saturate_i) ? sum[ColumnBits-1:0] : bound;
      overflow_q <= base_overflow || !fits;
    end
  end

  assign valid_o    = valid_q;
  assign first_o    = first_q;
  assign last_o     = last_q;
  assign act_o      = act_q;
  assign weight_o   = shadow_high_q;
  assign south_o    = weight_low_q;
  assign psum_o     = psum_q;
  assign overflow_o = overflow_q;

endmodule
