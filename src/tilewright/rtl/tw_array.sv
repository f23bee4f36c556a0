// tw_array: Rows x Cols cells, rows are input-channel lanes, cols are output-channel lanes.
//
// Contract
//   Row r receives from L0 either a weight word (weight_valid_i[r]), upon which the whole row
//   shifts by one column to the east, or an activation (act_valid_i[r]), which travels east by one
//   column a cycle. After Cols weight words, the first of them rests in column Cols-1. Psums
//   enter north of row 0 as 0 and leave south of row Rows-1.
//
// Timing
//   An activation that enters row r in cycle k + r, for every r, yields in column c the psum
//   psum_o[c] with psum_valid_o[c] in cycle k + Rows + c.

module tw_array #(
    parameter int Rows       = 8,
    parameter int Cols       = 8,
    parameter int ActBits    = 4,
    parameter int WeightBits = 4,
    parameter int PsumBits   = 16
) (
    input  logic                       clk_i,
    input  logic                       rst_ni,
    // from L0, one lane per row
    input  logic [           Rows-1:0] weight_valid_i,
    input  logic [Rows*WeightBits-1:0] weight_i,
    input  logic [           Rows-1:0] act_valid_i,
    input  logic [   Rows*ActBits-1:0] act_i,
    // to OFIFO, one lane per column
    output logic [           Cols-1:0] psum_valid_o,
    output logic [  Cols*PsumBits-1:0] psum_o
);

  // Wires between the cells. Index c is the west side of column c, index r the north side of row r.
  wire                  valid [Rows][Cols+1];
  wire [   ActBits-1:0] act   [Rows][Cols+1];
  wire [WeightBits-1:0] weight[Rows][Cols+1];
  wire [  PsumBits-1:0] psum  [Rows+1][Cols];

  for (genvar r = 0; r < Rows; r++) begin : gen_row
    assign valid[r][0]  = act_valid_i[r];
    assign act[r][0]    = act_i[r*ActBits+:ActBits];
    assign weight[r][0] = weight_i[r*WeightBits+:WeightBits];

    for (genvar c = 0; c < Cols; c++) begin : gen_col
      tw_pe #(
          .ActBits   (ActBits),
          .WeightBits(WeightBits),
          .PsumBits  (PsumBits)
      ) u_pe (
          .clk_i,
          .rst_ni,
          .weight_valid_i(weight_valid_i[r]),
          .weight_i      (weight[r][c]),
          .weight_o      (weight[r][c+1]),
          .valid_i       (valid[r][c]),
          .act_i         (act[r][c]),
          .valid_o       (valid[r][c+1]),
          .act_o         (act[r][c+1]),
          .psum_i        (psum[r][c]),
          .psum_o        (psum[r+1][c])
      );
    end
  end

  for (genvar c = 0; c < Cols; c++) begin : gen_edge
    assign psum[0][c]                   = '0;
    assign psum_valid_o[c]              = valid[Rows-1][c+1];
    assign psum_o[c*PsumBits+:PsumBits] = psum[Rows][c];
  end

endmodule
