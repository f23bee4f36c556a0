// Four by four elements: weights and sums go down, activations to the right.
module grid #(parameter XW=4, WW=4, SW=16)(
  input ck, input ld, input [4*WW-1:0] w, input [4*XW-1:0] x, output [4*SW-1:0] s);
  wire [XW-1:0] xx [0:19];
  wire signed [WW-1:0] ww [0:19];
  wire signed [SW-1:0] ss [0:19];
  genvar r, c;
  generate
    for (r=0; r<4; r=r+1) begin : row
      assign xx[r*5] = x[r*XW +: XW];
      for (c=0; c<4; c=c+1) begin : col
        element #(XW,WW,SW) u (ck, ld, ww[r*4+c], ww[r*4+4+c], xx[r*5+c], xx[r*5+c+1], ss[r*4+c], ss[r*4+4+c]);
      end
    end
    for (c=0; c<4; c=c+1) begin : edges
      assign ww[c] = w[c*WW +: WW];
      assign ss[c] = 0;
      assign s[c*SW +: SW] = ss[16+c];
    end
  endgenerate
endmodule
