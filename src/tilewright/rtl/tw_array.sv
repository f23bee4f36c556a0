// tw_array: Rows x Cols cells. Cols are output-channel lanes; rows are input-channel lanes (weight
// stationary), or lanes of ofmap pixels (output stationary).
//
// Contract
//   Row r receives activations, which travel east by one column a cycle. Psums enter north of row 0
//   as 0 and leave south of row Rows-1.
//   Weight stationary: row r also receives weight words, upon each of which the whole row shifts by
//   one word to the east. After Cols words (2 * Cols with half-width activations), the first of
//   them rests in column Cols-1. They take effect with the activation marked first.
//   Output stationary: column c receives weights from the north, in step with the activations.
//   After the activation marked last has left PE(Rows-1,Cols-1), the psums are flushed south.
//
// Timing
//   An activation that enters row r in cycle k + r, for every r, reaches PE(r,c) in k + r + c.
//   Weight stationary: its psum is psum_o[c], with psum_valid_o[c], in cycle k + Rows + c.
//   Output stationary: if it is the last one, flushed_o is high in cycle k + Rows + Cols - 1, and
//   in the Rows cycles from there on all columns put out the psums of row Rows-1, Rows-2, ..., 0.
//   Row r takes part in the flush in its first r + 1 cycles only: a new first activation may enter
//   row 0 one cycle after flushed_o.

module tw_array #(
    parameter int Rows       = 8,
    parameter int Cols       = 8,
    parameter int ActBits    = 4,
    parameter int WeightBits = 4,
    parameter int ColumnBits = 16,
    parameter int ActSigned  = 0
) (
    input  logic                       clk_i,
    input  logic                       rst_ni,
    // mode, constant during a job
    input  logic                       is_os_i,
    input  logic                       is_half_i,
    input  logic                       saturate_i,
    // one lane per row
    input  logic [           Rows-1:0] weight_valid_i,
    input  logic [Rows*WeightBits-1:0] weight_i,
    input  logic [           Rows-1:0] act_valid_i,
    input  logic [           Rows-1:0] act_first_i,
    input  logic [           Rows-1:0] act_last_i,
    input  logic [   Rows*ActBits-1:0] act_i,
    // one lane per column
    input  logic [Cols*WeightBits-1:0] north_i,
    output logic [           Cols-1:0] psum_valid_o,
    output logic [Cols*ColumnBits-1:0] psum_o,
    output logic [           Cols-1:0] overflow_o,
    output logic                       flushed_o
);

  // Wires between the cells: index c is west of column c, index r north of row r.
  wire                  valid   [Rows][Cols+1];
  wire                  first   [Rows][Cols+1];
  wire                  last    [Rows][Cols+1];
  wire [   ActBits-1:0] act     [Rows][Cols+1];
  wire [WeightBits-1:0] weight  [Rows][Cols+1];
  wire [WeightBits-1:0] north   [Rows+1][Cols];
  wire [ColumnBits-1:0] psum    [Rows+1][Cols];
  wire                  overflow[Rows+1][Cols];

  // The flush begins in all rows at once and ends in each row one cycle after the row above.
  logic [Rows-1:0] flush_q;
  logic [Rows-1:0] flush;

  assign flushed_o = is_os_i && valid[Rows-1][Cols] && last[Rows-1][Cols];
  assign flush     = flushed_o ? '1 : flush_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) flush_q <= '0;
    else flush_q <= flush << 1;
  end

  for (genvar r = 0; r < Rows; r++) begin : gen_row
    assign valid[r][0]  = act_valid_i[r];
    assign first[r][0]  = act_first_i[r];
    assign last[r][0]   = act_last_i[r];
    assign act[r][0]    = act_i[r*ActBits+:ActBits];
    assign weight[r][0] = weight_i[r*WeightBits+:WeightBits];

    for (genvar c = 0; c < Cols; c++) begin : gen_col
      tw_pe #(
          .ActBits   (ActBits),
          .WeightBits(WeightBits),
          .ColumnBits(ColumnBits),
          .ActSigned (ActSigned)
      ) u_pe (
          .clk_i,
          .rst_ni,
          .is_os_i,
          .is_half_i,
          .saturate_i,
          .weight_valid_i(weight_valid_i[r]),
          .weight_i      (weight[r][c]),
          .weight_o      (weight[r][c+1]),
          .north_i       (north[r][c]),
          .south_o       (north[r+1][c]),
          .valid_i       (valid[r][c]),
          .first_i       (first[r][c]),
          .last_i        (last[r][c]),
          .act_i         (act[r][c]),
          .valid_o       (valid[r][c+1]),
          .first_o       (first[r][c+1]),
          .last_o        (last[r][c+1]),
          .act_o         (act[r][c+1]),
          .flush_i       (flush[r]),
          .psum_i        (psum[r][c]),
          .overflow_i    (overflow[r][c]),
          .psum_o        (psum[r+1][c]),
          .overflow_o    (overflow[r+1][c])
      );
    end
  end

  for (genvar c = 0; c < Cols; c++) begin : gen_edge
    assign north[0][c]                      = north_i[c*WeightBits+:WeightBits];
    assign psum[0][c]                       = '0;
    assign overflow[0][c]                   = 1'b0;
    assign psum_valid_o[c]                  = is_os_i ? flush[Rows-1] : valid[Rows-1][c+1];
    assign psum_o[c*ColumnBits+:ColumnBits] = psum[Rows][c];
    assign overflow_o[c]                    = overflow[Rows][c];
  end

endmodule
