// tw_window, with its two tw_axis, beside the definition: is there an ofmap pixel (oi, oj) with
// ni = oi * stride_h + ki and nj = oj * stride_w + kj? Sizes up to 3, any of them.
// The wires that nothing drives are registers of the two tw_axis: the next candidate is `wait` ahead.
module check (
    input logic clk_i, restart_i, pixel_i,
    input logic [1:0] padded_h_i, padded_w_i, stride_h_i, stride_w_i, oh_i, ow_i, ki_i, kj_i
);
  logic hit_o, last_o;
  tw_window #(.DimBits(2)) dut (.*, .rst_ni(1'b1));

  logic [1:0] ni_q, nj_q, ki_q, kj_q;
  logic [11:0] sizes_q;
  logic runs_q, is_row_hit, is_column_hit;
  integer o;
  initial runs_q = 0;

  (* keep *) wire [1:0] row, row_wait, row_hits, column, column_wait, column_hits;
  logic [5:0] row_next, column_next, row_most, column_most;  // of the candidates
  always @* begin
    row_next    = row_hits * stride_h_i + ki_q;
    column_next = column_hits * stride_w_i + kj_q;
    row_most    = row_hits == 0 ? ki_q : stride_h_i - 1;
    column_most = column_hits == 0 ? kj_q : stride_w_i - 1;
  end

  always @* begin
    is_row_hit    = 0;
    is_column_hit = 0;
    for (o = 0; o < 4; o = o + 1) begin
      if (o < oh_i && ni_q == o * stride_h_i + ki_q) is_row_hit = 1;
      if (o < ow_i && nj_q == o * stride_w_i + kj_q) is_column_hit = 1;
    end
  end

  always @(posedge clk_i) begin
    assume (runs_q || restart_i);
    assume (padded_h_i != 0 && padded_w_i != 0 && stride_h_i != 0 && stride_w_i != 0);
    assume (!(pixel_i && last_o) || restart_i);
    if (runs_q) assume (restart_i || {ki_q, kj_q} == {ki_i, kj_i});
    if (runs_q)
      assume (sizes_q == {padded_h_i, padded_w_i, stride_h_i, stride_w_i, oh_i, ow_i});
    sizes_q <= {padded_h_i, padded_w_i, stride_h_i, stride_w_i, oh_i, ow_i};
    if (runs_q) begin
      assert (row == ni_q && ni_q < padded_h_i && row_next == ni_q + row_wait);
      assert (column == nj_q && nj_q < padded_w_i && column_next == nj_q + column_wait);
      assert (row_wait <= row_most && column_wait <= column_most);
      assert (hit_o == (is_row_hit && is_column_hit));
      assert (last_o == (ni_q == padded_h_i - 1 && nj_q == padded_w_i - 1));
    end
    runs_q <= 1;
    if (restart_i) begin
      {ni_q, nj_q} <= 0;
      {ki_q, kj_q} <= {ki_i, kj_i};
    end else if (pixel_i) begin
      nj_q <= (nj_q == padded_w_i - 1) ? 0 : nj_q + 1;
      if (nj_q == padded_w_i - 1) ni_q <= ni_q + 1;
    end
  end
endmodule
