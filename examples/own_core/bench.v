// Runs a layer: reads act.hex and weight.hex, writes the core's psums to psum_dump.hex.
// Its sizes are plusargs: +itiles +otiles +kh +kw +width (of the padded plane) +oh +ow +stride_h +stride_w.
module bench;
  reg clk = 0;
  reg load = 0, restart = 0, valid = 0;
  reg [2:0] load_col = 0;
  reg [31:0] weights = 0, acts = 0;
  reg [9:0] pixel = 0, read_pixel = 0;
  wire [127:0] psums;

  reg [31:0] act_file[0:65535];
  reg [31:0] weight_file[0:65535];
  integer itiles, otiles, kh, kw, height, width, oh, ow, stride_h, stride_w;
  integer otile, itile, tap, col, y, x, fold, dump;

  core u_core (
      .clk(clk),
      .load(load),
      .load_col(load_col),
      .weights(weights),
      .restart(restart),
      .valid(valid),
      .pixel(pixel),
      .acts(acts),
      .read_pixel(read_pixel),
      .psums(psums)
  );

  always #5 clk = ~clk;

  task size(input [8*10:1] name, output integer value);
    if (!$value$plusargs({name, "=%d"}, value)) begin
      $display("bench: give +%0s=N", name);
      $finish;
    end
  endtask

  initial begin
    size("itiles", itiles);
    size("otiles", otiles);
    size("kh", kh);
    size("kw", kw);
    size("height", height);
    size("width", width);
    size("oh", oh);
    size("ow", ow);
    size("stride_h", stride_h);
    size("stride_w", stride_w);
    $readmemh("act.hex", act_file, 0, itiles * height * width - 1);
    $readmemh("weight.hex", weight_file, 0, otiles * itiles * kh * kw * 8 - 1);
    dump = $fopen("psum_dump.hex", "w");
    for (otile = 0; otile < otiles; otile = otile + 1) begin
      for (itile = 0; itile < itiles; itile = itile + 1) begin
        for (tap = 0; tap < kh * kw; tap = tap + 1) begin
          run_fold;
        end
      end
      for (x = 0; x < oh * ow; x = x + 1) begin
        read_pixel = x;
        #1 $fdisplay(dump, "%h", psums);
      end
    end
    $fclose(dump);
    $finish;
  end

  task run_fold;
    begin
      fold = (otile * itiles + itile) * kh * kw + tap;
      for (col = 0; col < 8; col = col + 1) begin
        @(negedge clk);
        load = 1;
        load_col = col;
        weights = weight_file[fold*8+col];
      end
      @(negedge clk);
      load = 0;
      restart = (itile == 0 && tap == 0);
      for (y = 0; y < oh; y = y + 1) begin
        for (x = 0; x < ow; x = x + 1) begin
          valid = 1;
          pixel = y * ow + x;
          acts = act_file[(itile*height+y*stride_h+tap/kw)*width+x*stride_w+tap%kw];
          @(negedge clk);
        end
      end
      valid = 0;
      repeat (16) @(negedge clk);
    end
  endtask
endmodule
