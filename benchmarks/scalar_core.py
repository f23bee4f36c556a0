# ruff: noqa: C901, D102, RUF005 -- a list of faults, each in its place
"""A core in plain scalar loops, with faults where a designer would make them: shares no code with `judge`.

Weight stationary: words are read from memories as lists, streamed, multiplied, added down the columns,
accumulated over taps and input tiles, put out and written line by line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Word = list[int]


def wrap(value: int, bits: int) -> int:
    """The two's complement number of the low bits."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def clip(value: int, bits: int) -> int:
    """Saturated."""
    return max(-(1 << (bits - 1)), min((1 << (bits - 1)) - 1, value))


def stick(value: int, bits: int, bit: int, level: int, *, is_signed: bool) -> int:
    """One bit of a register stuck."""
    field_ = value & ((1 << bits) - 1)
    field_ = field_ | (1 << bit) if level else field_ & ~(1 << bit)
    return wrap(field_, bits) if is_signed else field_


@dataclass
class ScalarCore:
    """faults: name to parameter. weight ``oc ic kh kw`` and codes ``ic ih iw`` as nested lists or arrays."""

    shape: Any
    rows: int
    cols: int
    faults: dict[str, Any] = field(default_factory=dict)
    act_bits: int = 4
    weight_bits: int = 4
    psum_bits: int = 16

    def has(self, name: str) -> bool:
        return name in self.faults

    def get(self, name: str) -> Any:
        return self.faults.get(name)

    # -- weights ----------------------------------------------------------------------------------

    def weight_words(self, weight: Any, otile: int, itile: int, kij: int) -> list[Word]:
        """The lines of one weight file as the core takes them: line = column, lane = row."""
        shape = self.shape
        if self.has("itiles_exchanged"):
            itile = -(-shape.ic // self.rows) - 1 - itile
        kij = self.tap_read(kij)
        kh, kw = divmod(kij, shape.kw)
        lines = []
        for col in range(self.cols):
            line = []
            for row in range(self.rows):
                oc, ic = otile * self.cols + col, itile * self.rows + row
                line.append(int(weight[oc][ic][kh][kw]) if oc < shape.oc and ic < shape.ic else 0)
            lines.append(line)
        if self.has("weight_lanes_reversed"):
            lines = [line[::-1] for line in lines]
        if self.has("weight_lines_reversed"):
            lines = lines[::-1]
        if self.has("weight_header"):  # a header line too many is eaten; the last line stays
            lines = lines[1:] + [lines[-1]]
        if self.has("weight_pairs"):
            lines = [self.swap(line) for line in lines]
        return lines

    def tap_read(self, kij: int) -> int:
        shape = self.shape
        kh, kw = divmod(kij, shape.kw)
        if self.has("taps_reversed"):
            return shape.taps - 1 - kij
        if self.has("taps_transposed"):
            return kw * shape.kh + kh
        if self.has("kernel_mirrored"):
            return kh * shape.kw + shape.kw - 1 - kw
        if self.has("kernel_upside_down"):
            return (shape.kh - 1 - kh) * shape.kw + kw
        if self.get("tap_stale") == kij:
            return kij - 1
        if self.has("taps_late"):
            return max(0, kij - 1)
        if self.has("taps_early"):
            return min(shape.taps - 1, kij + 1)
        if self.has("taps_swapped"):
            first, second = self.get("taps_swapped")
            return second if kij == first else first if kij == second else kij
        return kij

    @staticmethod
    def swap(line: Word) -> Word:
        """Neighbors exchanged in pairs."""
        out = list(line)
        for i in range(0, len(line) - 1, 2):
            out[i], out[i + 1] = line[i + 1], line[i]
        return out

    def weight_in_pe(self, w: int, row: int, col: int) -> int:
        bits = self.weight_bits
        if self.has("weight_unsigned") or self.get("pe_unsigned") == (row, col):
            w &= (1 << bits) - 1
        if self.get("column_unsigned") == col:
            w &= (1 << bits) - 1
        if self.has("weight_bit"):
            w = stick(w, bits, *self.get("weight_bit"), is_signed=True)
        if self.has("weight_negated"):
            w = -w
        if self.has("weight_magnitude"):
            f = w & ((1 << bits) - 1)
            w = (1 << (bits - 1)) - f if f >> (bits - 1) else f
        if self.has("weight_narrow"):
            w = wrap(w, self.get("weight_narrow"))
        if self.has("pe_stuck") and self.get("pe_stuck")[:2] == (row, col):
            w = self.get("pe_stuck")[2]
        if self.get("pe_dead") == (row, col):
            w = 0
        if self.get("pe_double") == (row, col):
            w *= 2
        if self.get("pe_negated") == (row, col):
            w = -w
        return w

    # -- activations ------------------------------------------------------------------------------

    def stream(self, codes: Any, itile: int) -> list[Word]:
        """The activation words of the padded plane, in the order in which they are streamed."""
        shape = self.shape
        (pad_h, pad_w) = shape.padding
        if self.has("itiles_exchanged_acts"):
            itile = -(-shape.ic // self.rows) - 1 - itile
        words, inner = [], []
        for h in range(shape.padded_h):
            for w in range(shape.padded_w):
                ih, iw = h - pad_h, w - pad_w
                if self.has("map_offset"):
                    ih, iw = ih - self.get("map_offset")[0], iw - self.get("map_offset")[1]
                is_in = 0 <= ih < shape.ih and 0 <= iw < shape.iw
                word = []
                for row in range(self.rows):
                    ic = itile * self.rows + row
                    if ic >= shape.ic:
                        word.append(0)
                    elif is_in:
                        word.append(int(codes[ic][ih][iw]))
                    else:
                        word.append(self.get("border") or 0)
                words.append(word)
                if is_in:
                    inner.append(word)
        zero = [0] * self.rows
        if self.has("no_border"):
            words = inner + [zero if self.get("no_border") == "zero" else inner[-1]] * (
                len(words) - len(inner)
            )
        return self.streamed(words, zero)

    def streamed(self, words: list[Word], zero: Word) -> list[Word]:
        count = len(words)
        if self.has("stream_early"):
            n = self.get("stream_early")
            words = words[n:] + [words[-1]] * n
        if self.has("stream_late"):
            n = self.get("stream_late")
            words = [zero] * n + words[: count - n]
        if self.has("stream_late_junk"):
            n, junk = self.get("stream_late_junk")
            before = [[(junk + 5 * r + 3 * i) % 16 for r in range(self.rows)] for i in range(n)]
            words = before + words[: count - n]
        if self.has("word_lost"):
            words = (
                words[: self.get("word_lost")] + words[self.get("word_lost") + 1 :] + [words[-1]]
            )
        if self.has("word_twice"):
            words = (words[: self.get("word_twice") + 1] + words[self.get("word_twice") :])[:count]
        if self.has("fifo_depth"):
            words = [word if i < self.get("fifo_depth") else zero for i, word in enumerate(words)]
        if self.has("act_memory"):
            words = [words[i % self.get("act_memory")] for i in range(count)]
        if self.has("act_lanes_reversed"):
            words = [word[::-1] for word in words]
        if self.has("act_pairs"):
            words = [self.swap(word) for word in words]
        if self.has("row_late"):
            row = self.get("row_late")
            late = [0] + [word[row] for word in words[:-1]]
            words = [word[:row] + [late[i]] + word[row + 1 :] for i, word in enumerate(words)]
        if self.has("row_late_junk"):
            row, junk = self.get("row_late_junk")
            late = [junk] + [word[row] for word in words[:-1]]
            words = [word[:row] + [late[i]] + word[row + 1 :] for i, word in enumerate(words)]
        if self.has("row_dead"):
            row = self.get("row_dead")
            words = [word[:row] + [0] + word[row + 1 :] for word in words]
        if self.has("row_stuck"):
            row, value = self.get("row_stuck")
            words = [word[:row] + [value] + word[row + 1 :] for word in words]
        return words

    def act_in_pe(self, x: int, row: int) -> int:
        if self.has("act_signed") or self.get("row_signed") == row:
            x = wrap(x, self.act_bits)
        if self.has("act_bit"):
            x = stick(x, self.act_bits, *self.get("act_bit"), is_signed=False)
        if self.has("act_narrow"):
            x &= (1 << self.get("act_narrow")) - 1
        return x

    def address(self, kij: int, oh: int, ow: int) -> int:
        shape = self.shape
        kh, kw = divmod(kij, shape.kw)
        if self.has("no_tap_row"):
            kh = 0
        if self.has("no_tap_column"):
            kw = 0
        step_h, step_w = self.get("stride") or shape.stride
        pitch = shape.padded_w + (self.get("pitch") or 0)
        at = (oh * step_h + kh) * pitch + ow * step_w + kw + (self.get("address_offset") or 0)
        if self.has("tap_offset") and self.get("tap_offset")[0] == kij:
            at += self.get("tap_offset")[1]
        return at

    # -- the array --------------------------------------------------------------------------------

    def column(self, words: list[Word], word: Word, col: int) -> int:
        """A psum that leaves the bottom of a column."""
        total = 0
        for row in range(self.rows):
            if self.get("psum_cut") == (row, col):
                total = 0
            x = self.act_in_pe(word[row], row)
            if (
                self.has("east_cut")
                and self.get("east_cut")[0] == row
                and col >= self.get("east_cut")[1]
            ):
                x = 0
            product = x * self.weight_in_pe(words[col][row], row, col)
            if self.has("product_bits"):
                product = wrap(product, self.get("product_bits"))
            total += product
            if self.has("column_saturates"):
                total = clip(total, self.get("column_saturates"))
        return self.leaving(total)

    def leaving(self, total: int) -> int:
        if self.has("tap_wraps"):
            total = wrap(total, self.get("tap_wraps"))
        if self.has("tap_saturates"):
            total = clip(total, self.get("tap_saturates"))
        if self.has("tap_zero_extended"):
            total &= (1 << self.get("tap_zero_extended")) - 1
        if self.has("tap_relu"):
            total = max(0, total)
        if self.has("tap_truncated"):
            total >>= self.get("tap_truncated")
        return total

    # -- the whole layer --------------------------------------------------------------------------

    def psums(self, weight: Any, codes: Any) -> list[list[int]]:
        """``oc onij`` as accumulated."""
        shape, (itiles, otiles) = (
            self.shape,
            (-(-self.shape.ic // self.rows), -(-self.shape.oc // self.cols)),
        )
        zero = [0] * self.rows
        streams = [self.stream(codes, itile) for itile in range(itiles)]
        out = []
        for otile in range(otiles):
            loaded = {
                (itile, kij): self.weight_words(weight, otile, itile, kij)
                for itile in range(itiles)
                for kij in range(shape.taps)
            }
            for col in range(min(self.cols, shape.oc - otile * self.cols)):
                row_ = []
                for oh in range(shape.oh):
                    for ow in range(shape.ow):
                        total = row_[-1] if self.has("not_cleared") and row_ else 0
                        for itile in range(itiles):
                            if self.get("itile_lost") == itile:
                                continue
                            for kij in range(shape.taps):
                                at = self.address(kij, oh, ow)
                                word = streams[itile][at] if 0 <= at < len(streams[itile]) else zero
                                psum = self.column(loaded[itile, kij], word, col)
                                total = self.accumulate(total, psum, kij)
                        row_.append(total)
                out.append(row_)
        return out

    def accumulate(self, total: int, psum: int, kij: int) -> int:
        if self.get("tap_lost") == kij:
            return total
        if self.get("tap_twice") == kij:
            psum *= 2
        if self.has("restarts") and kij == self.get("restarts"):
            total = 0
        if self.has("stops") and kij >= self.get("stops"):
            return total
        total += psum
        if self.has("running_saturates"):
            total = clip(total, self.get("running_saturates"))
        if self.has("running_relu"):
            total = max(0, total)
        return total

    def stored(self, value: int, col: int) -> int:
        bits = self.psum_bits
        if self.has("sum_wraps"):
            value = wrap(value, self.get("sum_wraps"))
        if self.has("sum_saturates"):
            value = clip(value, self.get("sum_saturates"))
        if self.has("sum_zero_extended"):
            value &= (1 << self.get("sum_zero_extended")) - 1
        if self.has("sum_bit"):
            value = stick(value, bits, *self.get("sum_bit"), is_signed=True)
        if self.has("column_bit") and self.get("column_bit")[0] == col:
            value = stick(value, bits, *self.get("column_bit")[1:], is_signed=True)
        if self.has("sum_shifted"):
            value >>= self.get("sum_shifted")
        if self.has("sum_plus"):
            value += self.get("sum_plus")
        if self.has("relu_early"):
            value = max(0, value)
        if self.has("leaky") and value < 0:
            value >>= self.get("leaky")
        if self.get("column_dead") == col:
            value = 0
        return value

    def run(self, weight: Any, codes: Any, *, is_output: bool) -> list[list[int]]:
        """``oc onij`` as dumped."""
        shape = self.shape
        out = [
            [self.stored(v, oc % self.cols) for v in row]
            for oc, row in enumerate(self.psums(weight, codes))
        ]
        if is_output and not self.has("relu_missing"):
            out = [[max(0, v) for v in row] for row in out]
        if self.has("out_pixels_late"):
            n = self.get("out_pixels_late")
            out = [[0] * n + row[:-n] for row in out]
        if self.has("out_pixels_early"):
            n = self.get("out_pixels_early")
            out = [row[n:] + [row[-1]] * n for row in out]
        if self.has("column_late"):
            c = self.get("column_late")
            out = [[0, *row[:-1]] if oc % self.cols == c else row for oc, row in enumerate(out)]
        if self.has("column_late_junk"):
            c, junk = self.get("column_late_junk")
            out = [[junk, *row[:-1]] if oc % self.cols == c else row for oc, row in enumerate(out)]
        if self.has("out_pixels_late_junk"):
            n, junk = self.get("out_pixels_late_junk")
            out = [[junk + oc] * n + row[:-n] for oc, row in enumerate(out)]
        if self.has("out_pixel_stale"):
            p = self.get("out_pixel_stale")
            out = [row[:p] + [row[p - 1]] + row[p + 1 :] for row in out]
        if self.has("out_lanes_reversed"):
            out = self.lanes(out, lambda lanes: lanes[::-1])
        if self.has("out_pairs"):
            out = self.lanes(out, self.swap)
        if self.has("out_mirrored"):
            out = [
                [
                    row[oh * shape.ow + shape.ow - 1 - ow]
                    for oh in range(shape.oh)
                    for ow in range(shape.ow)
                ]
                for row in out
            ]
        if self.has("out_memory"):
            out = [[row[i % self.get("out_memory")] for i in range(len(row))] for row in out]
        return out

    def lanes(self, out: list[list[int]], order: Any) -> list[list[int]]:
        """Another order of the lanes of each output word, lanes without a channel included."""
        shape, result = self.shape, [list(row) for row in out]
        for otile in range(-(-shape.oc // self.cols)):
            for pixel in range(shape.onij):
                lanes = []
                for col in range(self.cols):
                    oc = otile * self.cols + col
                    lanes.append(out[oc][pixel] if oc < shape.oc else 0)
                for col, value in enumerate(order(lanes)):
                    oc = otile * self.cols + col
                    if oc < shape.oc:
                        result[oc][pixel] = value
        return result


def all_faults(shape: Any, rows: int, cols: int, random: Any) -> dict[str, Any]:
    """One random parameter for every fault that makes sense in a geometry: name to parameter."""

    def pick(*choices: Any) -> Any:
        return choices[int(random.integers(len(choices)))]

    row, col = int(random.integers(rows)), int(random.integers(min(cols, shape.oc)))
    row = min(row, shape.ic - 1)
    tap, nij = int(random.integers(1, shape.taps)), int(random.integers(2, shape.nij - 4))
    first, second = (int(t) for t in random.choice(shape.taps, 2, replace=False))
    pixel = int(random.integers(1, shape.onij))
    faults: dict[str, Any] = dict.fromkeys(
        (
            "weight_lanes_reversed",
            "weight_lines_reversed",
            "weight_header",
            "weight_pairs",
            "taps_reversed",
            "kernel_mirrored",
            "kernel_upside_down",
            "taps_late",
            "taps_early",
            "weight_unsigned",
            "weight_negated",
            "weight_magnitude",
            "act_lanes_reversed",
            "act_pairs",
            "act_signed",
            "no_tap_row",
            "no_tap_column",
            "tap_relu",
            "running_relu",
            "not_cleared",
            "relu_early",
            "relu_missing",
            "out_lanes_reversed",
            "out_pairs",
            "out_mirrored",
        ),
        True,
    )
    faults |= {
        "tap_stale": tap,
        "taps_swapped": (first, second),
        "pe_unsigned": (row, col),
        "column_unsigned": col,
        "weight_bit": (pick(0, 1, 2, 3), pick(0, 1)),
        "weight_narrow": pick(2, 3),
        "pe_stuck": (row, col, pick(-5, 3, 7)),
        "pe_dead": (row, col),
        "pe_double": (row, col),
        "pe_negated": (row, col),
        "map_offset": pick((1, 0), (0, 1), (-1, -1), (1, 1)),
        "border": pick(1, 15),
        "no_border": pick("zero", "last"),
        "stream_early": pick(1, 2, 3),
        "stream_late": pick(1, 2),
        "word_lost": nij,
        "word_twice": nij,
        "fifo_depth": pick(8, 16),
        "act_memory": pick(8, 16),
        "row_late": row,
        "stream_late_junk": (pick(1, 2), pick(3, 6, 11)),
        "row_late_junk": (row, pick(3, 6, 11)),
        "column_late_junk": (col, pick(23, 90)),
        "out_pixels_late_junk": (pick(1, 2), pick(23, 90)),
        "row_dead": row,
        "row_stuck": (row, pick(1, 15)),
        "row_signed": row,
        "act_bit": (pick(0, 1, 2, 3), pick(0, 1)),
        "act_narrow": pick(2, 3),
        "pitch": pick(-1, 1),
        "address_offset": pick(1, -1, 2),
        "tap_offset": (tap, pick(1, -1)),
        "psum_cut": (min(max(row, 1), shape.ic - 1), col),
        "east_cut": (row, col),
        "product_bits": pick(5, 6),
        "column_saturates": pick(6, 7),
        "tap_wraps": pick(6, 7),
        "tap_saturates": pick(6, 7),
        "tap_zero_extended": pick(10, 12),
        "tap_truncated": pick(1, 2),
        "tap_lost": tap,
        "tap_twice": tap,
        "restarts": tap,
        "stops": tap,
        "running_saturates": pick(8, 9),
        "sum_wraps": pick(7, 8),
        "sum_saturates": pick(7, 8),
        "sum_zero_extended": pick(10, 12),
        "sum_bit": (pick(0, 1, 2, 3, 4), pick(0, 1)),
        "column_bit": (col, pick(0, 1, 2, 3), pick(0, 1)),
        "sum_shifted": pick(1, 2),
        "sum_plus": pick(1, -1, 17),
        "leaky": pick(1, 3, 6),
        "column_dead": col,
        "out_pixels_late": pick(1, 2),
        "out_pixels_early": pick(1, 3),
        "column_late": col,
        "out_pixel_stale": pixel,
        "out_memory": pick(4, 8),
    }
    if shape.kh == shape.kw:
        faults["taps_transposed"] = True
        faults["stride"] = (2, 2)
    if shape.ic > rows:
        faults |= {"itile_lost": 0, "itiles_exchanged": True, "itiles_exchanged_acts": True}
    return faults
