// tw_window: which vectors of a fold belong to the ofmap, and at which PMEM address.
//
// Contract
//   The array emits one vector per pixel of the padded plane, row-major. The vector of pixel
//   (ni, nj) belongs to ofmap pixel (oi, oj) of tap (ki, kj) if ni = oi * stride_h + ki and
//   nj = oj * stride_w + kj, with oi < oh and oj < ow. Hits come in the order of onij, so the
//   address is a counter.
//
// Timing
//   hit_o, addr_o and last_o (pixel T-1) describe the present pixel, from registers; pixel_i moves
//   on to the next one. restart_i, before the first pixel of a fold, loads the tap.

module tw_window #(
    parameter int DimBits  = 16,
    parameter int AddrBits = 10
) (
    input  logic                clk_i,
    input  logic                rst_ni,
    input  logic                restart_i,
    input  logic                pixel_i,
    // layer and tap
    input  logic [ DimBits-1:0] padded_h_i,
    input  logic [ DimBits-1:0] padded_w_i,
    input  logic [ DimBits-1:0] stride_h_i,
    input  logic [ DimBits-1:0] stride_w_i,
    input  logic [ DimBits-1:0] oh_i,
    input  logic [ DimBits-1:0] ow_i,
    input  logic [ DimBits-1:0] ki_i,
    input  logic [ DimBits-1:0] kj_i,
    // present pixel
    output logic                hit_o,
    output logic [AddrBits-1:0] addr_o,
    output logic                last_o
);

  logic                row_hit;
  logic                row_last;
  logic                column_hit;
  logic                column_last;
  logic                next_row;
  logic [AddrBits-1:0] addr_q;

  assign next_row = pixel_i && column_last;

  tw_axis #(
      .DimBits(DimBits)
  ) u_row (
      .clk_i,
      .rst_ni,
      .restart_i,
      .step_i  (next_row),
      .size_i  (padded_h_i),
      .tap_i   (ki_i),
      .stride_i(stride_h_i),
      .count_i (oh_i),
      .hit_o   (row_hit),
      .last_o  (row_last)
  );

  tw_axis #(
      .DimBits(DimBits)
  ) u_column (
      .clk_i,
      .rst_ni,
      .restart_i(restart_i || next_row),
      .step_i   (pixel_i),
      .size_i   (padded_w_i),
      .tap_i    (kj_i),
      .stride_i (stride_w_i),
      .count_i  (ow_i),
      .hit_o    (column_hit),
      .last_o   (column_last)
  );

  assign hit_o  = row_hit && column_hit;
  assign last_o = row_last && column_last;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) addr_q <= '0;
    else if (restart_i) addr_q <= '0;
    else if (pixel_i && hit_o) addr_q <= addr_q + AddrBits'(1);
  end

  assign addr_o = addr_q;

endmodule
