// The core: an 8x8 weight-stationary array, and the sums of all folds of a layer.
module core (
    input wire clk,
    input wire load,
    input wire [2:0] load_col,
    input wire [31:0] weights,
    input wire restart,
    input wire valid,
    input wire [9:0] pixel,
    input wire [31:0] acts,
    input wire [9:0] read_pixel,
    output wire [127:0] psums
);
  wire [127:0] sums;
  reg valid_late[0:14];
  reg [9:0] pixel_late[0:14];
  integer i;

  array u_array (
      .clk(clk),
      .load(load),
      .load_col(load_col),
      .weights(weights),
      .acts(acts),
      .sums(sums)
  );

  always @(posedge clk) begin
    valid_late[0] <= valid;
    pixel_late[0] <= pixel;
    for (i = 1; i < 15; i = i + 1) begin
      valid_late[i] <= valid_late[i-1];
      pixel_late[i] <= pixel_late[i-1];
    end
  end

  accumulator u_accumulator (
      .clk(clk),
      .restart(restart),
      .valid(valid_late[14]),
      .pixel(pixel_late[14]),
      .sums(sums),
      .read_pixel(read_pixel),
      .psums(psums)
  );
endmodule
