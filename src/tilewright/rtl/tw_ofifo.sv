// tw_ofifo: output queues of the array, one per column; they remove the skew.
//
// Contract
//   Column c is pushed by its own valid bit. As soon as every column holds a word, the heads form
//   one vector, which is shown and popped at once: the reader is always ready.
//
// Timing
//   The vector is valid in the cycle after its last column was pushed. Column 0 leads column Cols-1
//   by Cols - 1 cycles, so no queue ever holds more than Cols words.

module tw_ofifo #(
    parameter int Cols     = 8,
    parameter int PsumBits = 16
) (
    input  logic                     clk_i,
    input  logic                     rst_ni,
    input  logic [         Cols-1:0] push_i,
    input  logic [Cols*PsumBits-1:0] psum_i,
    output logic                     valid_o,
    output logic [Cols*PsumBits-1:0] psum_o
);

  logic [Cols-1:0] empty;

  assign valid_o = (empty == '0);

  for (genvar c = 0; c < Cols; c++) begin : gen_col
    tw_fifo #(
        .Width(PsumBits),
        .Depth(Cols)
    ) u_fifo (
        .clk_i,
        .rst_ni,
        .push_i (push_i[c]),
        .data_i (psum_i[c*PsumBits+:PsumBits]),
        .pop_i  (valid_o),
        .data_o (psum_o[c*PsumBits+:PsumBits]),
        .empty_o(empty[c])
    );
  end

endmodule
