// tw_ofifo: output queues of the array, one per column; they remove the skew.
//
// Contract
//   Column c is pushed by its own valid bit. As soon as every column holds a word, the heads form
//   one vector, which is shown until pop_i takes it. Each queue holds Depth words; the
//   controller must keep no more vectors under way.
//
// Timing
//   The vector is valid in the cycle after its last column was pushed.

module tw_ofifo #(
    parameter int Cols  = 8,
    parameter int Width = 17,
    parameter int Depth = 28
) (
    input  logic                  clk_i,
    input  logic                  rst_ni,
    input  logic [      Cols-1:0] push_i,
    input  logic [Cols*Width-1:0] word_i,
    input  logic                  pop_i,
    output logic                  valid_o,
    output logic [Cols*Width-1:0] word_o
);

  logic [Cols-1:0] empty;

  assign valid_o = (empty == '0);

  for (genvar c = 0; c < Cols; c++) begin : gen_col
    tw_fifo #(
        .Width(Width),
        .Depth(Depth)
    ) u_fifo (
        .clk_i,
        .rst_ni,
        .push_i (push_i[c]),
        .data_i (word_i[c*Width+:Width]),
        .pop_i,
        .data_o (word_o[c*Width+:Width]),
        .empty_o(empty[c])
    );
  end

endmodule
