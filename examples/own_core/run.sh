# Runs the bench on the bundle in this folder: sh run.sh SIMULATION.
vvp "$1" +itiles="$TILEWRIGHT_ITILES" +otiles="$TILEWRIGHT_OTILES" +kh="$TILEWRIGHT_KH" +kw="$TILEWRIGHT_KW" \
  +height="$TILEWRIGHT_PADDED_H" +width="$TILEWRIGHT_PADDED_W" +oh="$TILEWRIGHT_OH" +ow="$TILEWRIGHT_OW" \
  +stride_h="$TILEWRIGHT_STRIDE_H" +stride_w="$TILEWRIGHT_STRIDE_W"
