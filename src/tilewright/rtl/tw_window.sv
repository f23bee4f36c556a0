// tw_window: which pixels of the padded plane belong to an ofmap pixel, for one tap.
//
// Contract
//   Pixels come row-major. Pixel (ni, nj) belongs to ofmap pixel (oi, oj) of tap (ki, kj) if
//   ni = oi * stride_h + ki and nj = oj * stride_w + kj, with oi < oh and oj < ow.
//
// Timing
//   hit_o and last_o (the last pixel) describe the present pixel, from registers; pixel_i moves on
//   to the next one. restart_i loads the tap and wins over pixel_i: the next pixel is the first.

module tw_window #(
    parameter int DimBits = 16
) (
    input  logic               clk_i,
    input  logic               rst_ni,
    input  logic               restart_i,
    input  logic               pixel_i,
    // layer and tap
    input  logic [DimBits-1:0] padded_h_i,
    input  logic [DimBits-1:0] padded_w_i,
    input  logic [DimBits-1:0] stride_h_i,
    input  logic [DimBits-1:0] stride_w_i,
    input  logic [DimBits-1:0] oh_i,
    input  logic [DimBits-1:0] ow_i,
    input  logic [DimBits-1:0] ki_i,
    input  logic [DimBits-1:0] kj_i,
    // present pixel
    output logic               hit_o,
    output logic               last_o
);

  logic row_hit;
  logic row_last;
  logic column_hit;
  logic column_last;
  logic next_row;

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

endmodule
