// Input stationary: activations rest in the cells, weights pass from west to east, sums from north to south. The next
// activations come down a second set of registers meanwhile, and take over with the weight that is marked. The multiplier
// has a register of its own.

module double_buffer #(
    parameter int Depth = 4,
    parameter int Width = 3,
    parameter int ActW  = 5,
    parameter int WgtW  = 3,
    parameter int SumW  = 10
) (
    input  logic                  clk_in,
    input  logic                  next_en,
    input  logic [Width*ActW-1:0] next_row,
    input  logic [     Depth-1:0] wgt_on,
    input  logic [     Depth-1:0] wgt_take,
    input  logic [Depth*WgtW-1:0] wgt,
    input  logic                  clr_n,
    output logic [     Width-1:0] sum_on,
    output logic [Width*SumW-1:0] sum
);

  for (genvar d = 0; d < Depth; d++) begin : row
    for (genvar x = 0; x < Width; x++) begin : col
      logic signed [ActW-1:0] spare, mine;
      logic signed [WgtW-1:0] passed;
      logic signed [ActW+WgtW-1:0] product;
      logic signed [SumW-1:0] total;
      logic on, on_twice, take;
      wire signed [WgtW-1:0] w;
      wire on_w, take_w;
      wire signed [SumW-1:0] above;
      wire signed [ActW-1:0] spare_above;

      if (x == 0) begin : west
        assign w = wgt[d*WgtW+:WgtW];
        assign {on_w, take_w} = {wgt_on[d], wgt_take[d]};
      end else begin : inner
        assign w = row[d].col[x-1].passed;
        assign {on_w, take_w} = {row[d].col[x-1].on, row[d].col[x-1].take};
      end
      if (d == 0) begin : north
        assign above = '0;
        assign spare_above = next_row[x*ActW+:ActW];
      end else begin : below
        assign above = row[d-1].col[x].total;
        assign spare_above = row[d-1].col[x].spare;
      end

      wire signed [ActW-1:0] factor = take_w ? spare : mine;

      always_ff @(posedge clk_in) begin
        if (next_en) spare <= spare_above;
        if (on_w) begin
          mine    <= factor;
          passed  <= w;
          product <= factor * w;
        end
        take     <= take_w;
        total    <= above + product;
        on       <= on_w && clr_n;
        on_twice <= on && clr_n;
      end
    end
  end

  for (genvar x = 0; x < Width; x++) begin : south
    assign sum_on[x] = row[Depth-1].col[x].on_twice;
    assign sum[x*SumW+:SumW] = row[Depth-1].col[x].total;
  end

endmodule
