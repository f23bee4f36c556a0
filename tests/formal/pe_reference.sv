// What a PE computes in every mode, as it is taught in school: one bit of the activation after the other
// (the highest bit of a signed number counts below zero),
// sums that are wide enough, comparisons with the largest and smallest number of the column. Ports and
// registers are those of tw_pe; nothing else is.

module tw_pe #(
    parameter int ActBits    = 4,
    parameter int WeightBits = 4,
    parameter int ColumnBits = 16,
    parameter int ActSigned  = 0
) (
    input  logic                  clk_i,
    input  logic                  rst_ni,
    input  logic                  is_os_i,
    input  logic                  is_half_i,
    input  logic                  saturate_i,
    input  logic                  weight_valid_i,
    input  logic [WeightBits-1:0] weight_i,
    output logic [WeightBits-1:0] weight_o,
    input  logic [WeightBits-1:0] north_i,
    output logic [WeightBits-1:0] south_o,
    input  logic                  valid_i,
    input  logic                  first_i,
    input  logic                  last_i,
    input  logic [   ActBits-1:0] act_i,
    output logic                  valid_o,
    output logic                  first_o,
    output logic                  last_o,
    output logic [   ActBits-1:0] act_o,
    input  logic                  flush_i,
    input  logic [ColumnBits-1:0] psum_i,
    input  logic                  overflow_i,
    output logic [ColumnBits-1:0] psum_o,
    output logic                  overflow_o
);
  localparam int Half = (ActBits + 1) / 2;
  localparam int Wide = ColumnBits + ActBits + WeightBits + 2;

  logic valid_q, first_q, last_q, overflow_q;
  logic [ActBits-1:0] act_q;
  logic [WeightBits-1:0] shadow_low_q, shadow_high_q, weight_low_q, weight_high_q;
  logic [ColumnBits-1:0] psum_q;

  logic [WeightBits-1:0] low, high, weight;
  logic [Wide-1:0] total, term, largest, smallest;
  logic is_sign, is_too_large, is_too_small, was_overflow;
  integer place;

  always @* begin
    low  = weight_low_q;
    high = weight_high_q;
    if (first_i) low = shadow_low_q;
    if (first_i) high = shadow_high_q;
    if (is_os_i) low = north_i;
    if (is_os_i) high = north_i;

    // Where the sum begins
    total        = {{(Wide - ColumnBits) {psum_i[ColumnBits-1]}}, psum_i};
    was_overflow = overflow_i;
    if (is_os_i && first_i) total = 0;
    if (is_os_i && first_i) was_overflow = 0;
    if (is_os_i && !first_i) total = {{(Wide - ColumnBits) {psum_q[ColumnBits-1]}}, psum_q};
    if (is_os_i && !first_i) was_overflow = overflow_q;

    // One bit of the activation after the other; as two channels, the upper bits count from 0 again.
    // The highest bit of each number is taken away if activations are signed, else added.
    for (place = 0; place < ActBits; place = place + 1) begin
      weight = (place < Half) ? low : high;
      term = {{(Wide - WeightBits) {weight[WeightBits-1]}}, weight}
             << ((is_half_i && place >= Half) ? place - Half : place);
      is_sign = (ActSigned != 0) && (place == ActBits - 1 || (is_half_i && place == Half - 1));
      if (act_i[place] && is_sign) total = total - term;
      if (act_i[place] && !is_sign) total = total + term;
    end

    largest      = {{(Wide - ColumnBits + 1) {1'b0}}, {(ColumnBits - 1) {1'b1}}};
    smallest     = ~largest;
    is_too_large = $signed(total) > $signed(largest);
    is_too_small = $signed(total) < $signed(smallest);
  end

  always @(posedge clk_i or negedge rst_ni)
    if (!rst_ni) valid_q <= 0;
    else valid_q <= valid_i;

  always @(posedge clk_i) begin
    if (weight_valid_i && is_half_i) shadow_high_q <= shadow_low_q;
    if (weight_valid_i && !is_half_i) shadow_high_q <= weight_i;
    if (weight_valid_i) shadow_low_q <= weight_i;
    if (valid_i) begin
      {first_q, last_q, act_q}      <= {first_i, last_i, act_i};
      {weight_high_q, weight_low_q} <= {high, low};
    end
    if (flush_i) {overflow_q, psum_q} <= {overflow_i, psum_i};
    else if (valid_i) begin
      overflow_q <= was_overflow || is_too_large || is_too_small;
      psum_q     <= total;
      if (saturate_i && is_too_large) psum_q <= largest;
      if (saturate_i && is_too_small) psum_q <= smallest;
    end
  end

  assign {valid_o, first_o, last_o, act_o} = {valid_q, first_q, last_q, act_q};
  assign {weight_o, south_o} = {shadow_high_q, weight_low_q};
  assign {overflow_o, psum_o} = {overflow_q, psum_q};
endmodule
