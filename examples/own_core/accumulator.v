// Adds the sums of every fold to those of the folds before it, pixel by pixel.
module accumulator (
    input wire clk,
    input wire restart,  // the next fold is the first one
    input wire valid,
    input wire [9:0] pixel,
    input wire [127:0] sums,
    input wire [9:0] read_pixel,
    output wire [127:0] psums
);
  reg [127:0] kept[0:1023];
  integer c;

  assign psums = kept[read_pixel];

  always @(posedge clk) begin
    if (valid) begin
      for (c = 0; c < 8; c = c + 1) begin
        if (restart) kept[pixel][16*c+:16] <= sums[16*c+:16];
        else kept[pixel][16*c+:16] <= kept[pixel][16*c+:16] + sums[16*c+:16];
      end
    end
  end
endmodule
