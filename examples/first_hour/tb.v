// A bench that reads decimal numbers: a pixel, or a row of weights, in each line; it writes sums in the same form.
`timescale 1ns/1ps
module tb;
  reg ck = 0; always #5 ck = ~ck;
  reg ld = 0; reg [15:0] w = 0; reg [15:0] x = 0; wire [63:0] s;
  grid dut(ck, ld, w, x, s);
  integer f, k, r, c, t, n, p, got, v, y, xq;
  integer act [0:15][0:3];      // pixel, channel
  integer wt [0:8][0:3][0:3];   // tap, ic, oc
  integer acc [0:15][0:3];
  integer line [0:31][0:3];
  initial begin
    if ($test$plusargs("waves")) begin $dumpfile("run.vcd"); $dumpvars(1, dut); end
    f = $fopen("pixels.txt", "r");
    for (n=0;n<16;n=n+1) for (c=0;c<4;c=c+1) begin got = $fscanf(f, "%d", v); act[n][c] = v; end
    $fclose(f);
    f = $fopen("kernel.txt", "r");
    for (k=0;k<9;k=k+1) for (r=0;r<4;r=r+1) for (c=0;c<4;c=c+1) begin got = $fscanf(f, "%d", v); wt[k][r][c] = v; end
    $fclose(f);
    for (n=0;n<16;n=n+1) for (c=0;c<4;c=c+1) acc[n][c] = 0;
    for (k=0;k<9;k=k+1) begin
      // weights: last row first
      for (r=3;r>=0;r=r-1) begin
        @(negedge ck); ld = 1;
        for (c=0;c<4;c=c+1) w[c*4 +: 4] = wt[k][r][c];
      end
      @(negedge ck); ld = 0;
      for (t=0;t<16+8;t=t+1) begin
        for (r=0;r<4;r=r+1) begin
          p = t - r;
          x[r*4 +: 4] = 0;
          if (p>=0 && p<16) begin
            y = p/4 + k/3 - 1; xq = p%4 + k%3 - 1;
            if (y>=0 && y<4 && xq>=0 && xq<4) x[r*4 +: 4] = act[y*4+xq][r];
          end
        end
        @(negedge ck);
        for (c=0;c<4;c=c+1) begin
          p = t - 3 - c;
          if (p>=0 && p<16) acc[p][c] = acc[p][c] + $signed(s[c*16 +: 16]);
        end
      end
    end
    f = $fopen("sums.txt", "w");
    for (n=0;n<16;n=n+1) $fdisplay(f, "%0d %0d %0d %0d", acc[n][0], acc[n][1], acc[n][2], acc[n][3]);
    $fclose(f);
    $finish;
  end
endmodule
