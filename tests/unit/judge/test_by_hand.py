"""What each cause predicts, made a second time with plain loops: its words must be what it does."""

import numpy as np
import pytest

from tests.naive import convolve, wrap
from tests.rtl.layers import Case, random_tensors, write_case
from tilewright.judge import Dump, Operands, compare
from tilewright.judge.cause import all_causes, predict
from tilewright.judge.problem import Problem
from tilewright.spec import ArrayShape, ConvShape

SHAPE = ConvShape(ic=6, ih=3, iw=4, oc=7, kh=2, kw=3, padding=(1, 1))
BARE = ConvShape(ic=6, ih=5, iw=6, oc=7, kh=2, kw=3)
ROWS = COLS = 4
NIJ, PIXELS, TAPS = 30, 16, 6
CASE = Case(SHAPE, ArrayShape(ROWS, COLS, psum_bits=16))
CODES, WEIGHT = random_tensors(CASE, 1)
PLANE = np.pad(CODES, ((0, 0), (1, 1), (1, 1))).reshape(6, NIJ)
PSUMS = convolve(WEIGHT, CODES, SHAPE).reshape(7, PIXELS)


def _of_weight(weight):
    return convolve(weight, CODES, SHAPE)


def _of_plane(plane):
    return convolve(WEIGHT, np.asarray(plane).reshape(6, 5, 6), BARE)


def _take(array, sources):
    """Places along the first axis; None is 0."""
    return np.stack([np.zeros_like(array[0]) if one is None else array[one] for one in sources])


EDGES = ((0, 0), (1, 1), (1, 1))


def _linear(codes):
    """A plane whose border is what lies at its address in a memory of 3 rows of 4 pixels."""
    plane = np.zeros((6, 5, 6), int)
    for row, column in np.ndindex(5, 6):
        address = 4 * (row - 1) + column - 1
        if 0 <= address < 12:
            plane[:, row, column] = codes[:, address // 4, address % 4]
    return plane


def _with_bit(number, bit, at):
    """A place with one bit as it is said; None beyond the plane."""
    digits = list(f"{number:05b}")
    digits[-1 - bit] = str(at)
    place = int("".join(digits), 2)
    return place if place < NIJ else None


def _pixels(place):
    """A plane whose pixel i is the one at ``place(i)``."""
    return _of_plane(_take(PLANE.T, [place(i) for i in range(NIJ)]).T)


def _outputs(place):
    return _take(PSUMS.T, [place(i) for i in range(PIXELS)]).T


def _lanes(order):
    """Orders of channels in tiles of four lanes, by what they are called."""
    in_tile = {
        "reversed": lambda lane: 3 - lane,
        "pairs": lambda lane: (1, 0, 3, 2)[lane],
        "halves": lambda lane: (2, 3, 0, 1)[lane],
        "bytes": lambda lane: (2, 3, 0, 1)[lane],
        "interleaved": lambda lane: (0, 2, 1, 3)[lane],
        "deinterleaved": lambda lane: (0, 2, 1, 3)[lane],
        "exchanged lanes=0,2": lambda lane: (2, 1, 0, 3)[lane],
        "exchanged lanes=1,3": lambda lane: (0, 3, 2, 1)[lane],
        "rotated n=1": lambda lane: (1, 2, 3, 0)[lane],
        "rotated n=-3": lambda lane: (1, 2, 3, 0)[lane],
        "shifted n=2": lambda lane: (2, 3, None, None)[lane],
        "shifted n=-1": lambda lane: (None, 0, 1, 2)[lane],
        "repeated n=3": lambda lane: (3, 3, 3, 3)[lane],
        "repeated n=-2": lambda lane: (0, 0, 0, 1)[lane],
    }
    whole = {
        "all-reversed": lambda c, count: count - 1 - c,
        "tiles reversed": lambda c, _: c + 4 if c < 4 else c - 4,
        "tiles rotated n=1": lambda c, _: c + 4 if c < 4 else c - 4,
        "tile first": lambda c, _: c % 4,
        "tile last": lambda c, _: c % 4 + 4,
        "tiles interleaved": lambda c, _: 2 * (c % 4) + c // 4,
    }

    def source(c, count):
        if order in whole:
            found = whole[order](c, count)
        else:
            lane = in_tile[order](c % 4)
            found = None if lane is None else c // 4 * 4 + lane
        return found if found is not None and found < count else None

    return source, (*in_tile, *whole)


def _in_order(array, order):
    source, _ = _lanes(order)
    return _take(array, [source(c, len(array)) for c in range(len(array))])


def _weight_where(chosen, factor):
    """Weights ``oc ic kij`` times a factor where ``chosen(oc, ic, kij)``."""
    weight = WEIGHT.reshape(7, 6, TAPS).copy()
    for place in np.ndindex(*weight.shape):
        if chosen(*place):
            weight[place] *= factor
    return _of_weight(weight.reshape(WEIGHT.shape))


def _taps(source):
    weight = WEIGHT.reshape(7, 6, TAPS).transpose(2, 0, 1)
    return _of_weight(
        _take(weight, [source(k) for k in range(TAPS)]).transpose(1, 2, 0).reshape(WEIGHT.shape)
    )


def _late(row_of, steps):
    plane = np.zeros_like(PLANE)
    for ic in range(6):
        for i in range(NIJ):
            at = i + steps(row_of(ic))
            plane[ic, i] = PLANE[ic, at] if 0 <= at < NIJ else 0
    return _of_plane(plane)


def _kept(place, last):
    return lambda i: min(max(place(i), 0), last)


def _inside(place, count):
    return lambda i: place(i) if 0 <= place(i) < count else None


def _expected():
    """Key to what is predicted."""
    yield from _of_lanes()
    yield from _of_parts()
    yield from _of_maps()
    yield from _of_streams()
    yield from _of_numbers()
    yield from _of_outputs()


def _of_lanes():
    for order in _lanes("reversed")[1]:
        yield f"weights-oc-{order}", lambda o=order: _of_weight(_in_order(WEIGHT, o))
        swapped = WEIGHT.transpose(1, 0, 2, 3)
        yield (
            f"weights-ic-{order}",
            lambda o=order, s=swapped: _of_weight(_in_order(s, o).transpose(1, 0, 2, 3)),
        )
        yield f"codes-ic-{order}", lambda o=order: _of_plane(_in_order(PLANE, o))
        yield f"outputs-oc-{order}", lambda o=order: _in_order(PSUMS, o)


def _of_parts():
    for word, factor in (("lost", 0), ("doubled", 2), ("negated", -1)):
        yield f"tap-{word} kij=4", lambda f=factor: _weight_where(lambda _o, _i, k: k == 4, f)
        yield f"input-{word} ic=5", lambda f=factor: _weight_where(lambda _o, i, _k: i == 5, f)
        yield f"row-{word} row=1", lambda f=factor: _weight_where(lambda _o, i, _k: i % 4 == 1, f)
        yield f"itile-{word} itile=1", lambda f=factor: _weight_where(lambda _o, i, _k: i > 3, f)
        yield (
            f"column-{word} col=2",
            lambda f=factor: _weight_where(lambda o, _i, _k: o % 4 == 2, f),
        )
        yield (
            f"pe-{word} row=1 col=2",
            lambda f=factor: _weight_where(lambda o, i, _k: (i % 4, o % 4) == (1, 2), f),
        )
        yield (
            f"row-tap-{word} row=0 kij=5",
            lambda f=factor: _weight_where(lambda _o, i, k: i % 4 == 0 and k == 5, f),
        )
        yield (
            f"column-tap-{word} col=3 kij=1",
            lambda f=factor: _weight_where(lambda o, _i, k: o % 4 == 3 and k == 1, f),
        )
    yield "itile-only itile=0", lambda: _weight_where(lambda _o, i, _k: i > 3, 0)


def _of_maps():
    yield "taps-rows-flipped", lambda: _of_weight(WEIGHT[:, :, ::-1])
    yield "taps-columns-flipped", lambda: _of_weight(WEIGHT[:, :, :, ::-1])
    yield "taps-flipped", lambda: _of_weight(WEIGHT[:, :, ::-1, ::-1])
    yield "taps-exchanged kij=0,5", lambda: _taps(lambda k: {0: 5, 5: 0}.get(k, k))
    yield "taps-all first", lambda: _taps(lambda _: 0)
    yield "taps-all last", lambda: _taps(lambda _: 5)
    yield "tap-stale kij=3 from=2", lambda: _taps(lambda k: 2 if k == 3 else k)
    for n in (1, -1):
        yield f"taps-rotated n={n}", lambda n=n: _taps(lambda k: (k + n) % TAPS)
        yield f"taps-shifted n={n}", lambda n=n: _taps(_inside(lambda k: k + n, TAPS))
        yield f"taps-repeated n={n}", lambda n=n: _taps(_kept(lambda k: k + n, 5))
    yield "plane-rows-flipped", lambda: _pixels(lambda i: (4 - i // 6) * 6 + i % 6)
    yield "plane-columns-flipped", lambda: _pixels(lambda i: i // 6 * 6 + 5 - i % 6)
    yield "plane-flipped", lambda: _pixels(lambda i: 29 - i)
    yield "plane-transposed", lambda: _pixels(lambda i: i % 5 * 6 + i // 5)
    for down, across in ((1, 0), (0, -1), (-2, 2), (1, 1)):

        def offset(i, down=down, across=across):
            h, w = i // 6 - down, i % 6 - across
            return h * 6 + w if 0 <= h < 5 and 0 <= w < 6 else None

        yield f"plane-offset dh={down} dw={across}", lambda o=offset: _pixels(o)
    for pitch in (4, 5, 7, 8):
        yield (
            f"plane-pitch n={pitch}",
            lambda p=pitch: _pixels(_inside(lambda i: i // 6 * p + i % 6, NIJ)),
        )


def _of_streams():
    for n in (1, 2, 3, 4, 6, -1, -2, -3, -4, -6):
        yield f"stream-shifted n={n} rest=0", lambda n=n: _pixels(_inside(lambda i: i + n, NIJ))
        yield f"stream-shifted n={n} rest=repeated", lambda n=n: _pixels(_kept(lambda i: i + n, 29))
        yield f"stream-shifted n={n} rest=around", lambda n=n: _pixels(lambda i: (i + n) % NIJ)
    for p in (1, 12, 29):
        yield f"pixel-lost nij={p}", lambda p=p: _pixels(lambda i: i if i < p else min(i + 1, 29))
        yield f"pixel-twice nij={p - 1}", lambda p=p: _pixels(lambda i: i if i < p else i - 1)
        yield f"pixel-zero nij={p}", lambda p=p: _pixels(lambda i: None if i == p else i)
    for n in (4, 8, 16):
        last = [max(b for b in range(NIJ) if b % n == a % n) for a in range(NIJ)]
        yield f"memory-wraps n={n}", lambda where=last: _pixels(lambda i: where[i])
        yield f"address-wraps n={n}", lambda n=n: _pixels(lambda i: i % n)
        yield f"fifo-full n={n}", lambda n=n: _pixels(lambda i: i if i < n else None)
        yield f"fifo-stale n={n}", lambda n=n: _pixels(lambda i: min(i, n - 1))
    for bit, at in np.ndindex(4, 2):
        read = [_with_bit(n, bit, at) for n in range(NIJ)]
        yield f"address-bit-stuck bit={bit} at={at}", lambda read=read: _pixels(lambda i: read[i])
    yield "border-mirrored", lambda: _of_plane(np.pad(CODES, EDGES, mode="reflect"))
    yield "border-linear", lambda: _of_plane(_linear(CODES))
    for n in (1, -1, 2, -2):
        yield (
            f"row-late row=1 n={n}",
            lambda n=n: _late(lambda ic: ic % 4, lambda row: n if row == 1 else 0),
        )
    for n in (1, -1):
        yield f"row-skew n={n}", lambda n=n: _late(lambda ic: ic % 4, lambda row: n * row)
    border = np.ones((5, 6), bool)
    border[1:4, 1:5] = False
    for value in (1, 8, 15):
        yield (
            f"border-value n={value}",
            lambda v=value: _of_plane(np.where(border.ravel(), v, PLANE)),
        )


def _of_numbers():
    yield "weights-unsigned", lambda: _of_weight(WEIGHT & 15)
    yield "weights-negated", lambda: _of_weight(-WEIGHT)
    yield "weights-absolute", lambda: _of_weight(abs(WEIGHT))
    yield "weights-ones-complement", lambda: _of_weight(np.where(WEIGHT < 0, WEIGHT + 1, WEIGHT))
    yield "weights-doubled", lambda: _of_weight(2 * WEIGHT)
    yield "weights-halved", lambda: _of_weight(WEIGHT >> 1)
    yield "codes-signed", lambda: _of_plane(wrap(PLANE, 4))
    yield "codes-doubled", lambda: _of_plane(2 * PLANE)
    yield "codes-halved", lambda: _of_plane(PLANE // 2)
    for bit in range(4):
        yield f"codes-bit-0 bit={bit}", lambda b=bit: _of_plane(PLANE & ~(1 << b))
        yield f"codes-bit-1 bit={bit}", lambda b=bit: _of_plane(PLANE | (1 << b))
        yield f"weights-bit-0 bit={bit}", lambda b=bit: _of_weight(wrap(WEIGHT & ~(1 << b), 4))
        yield f"weights-bit-1 bit={bit}", lambda b=bit: _of_weight(wrap(WEIGHT | (1 << b), 4))
    for n in (1, 2, 3):
        yield f"codes-low-bits n={n}", lambda n=n: _of_plane(PLANE % 2**n)
        yield f"codes-saturated n={n}", lambda n=n: _of_plane(np.minimum(PLANE, 2**n - 1))
    for n, low, high in ((2, -2, 1), (3, -4, 3)):
        yield f"weights-saturated n={n}", lambda a=low, b=high: _of_weight(np.clip(WEIGHT, a, b))
    yield "weights-narrow", lambda: _of_weight(np.maximum(WEIGHT, -7))
    for n in (6, 8):
        low, high = -(2 ** (n - 1)), 2 ** (n - 1) - 1
        yield f"sum-wrap n={n}", lambda n=n: wrap(PSUMS, n)
        yield f"sum-saturate n={n}", lambda a=low, b=high: np.clip(PSUMS, a, b)
    for n in (1, 3):
        yield f"sum-shifted n={n}", lambda n=n: PSUMS >> n
    for n in (16, 32):
        yield f"sum-unsigned n={n}", lambda n=n: np.where(PSUMS < 0, PSUMS + 2**n, PSUMS)
    yield "sum-negated", lambda: -PSUMS
    yield "absolute", lambda: abs(PSUMS)
    yield "relu-early", lambda: np.maximum(PSUMS, 0)


def _of_outputs():
    yield "outputs-map-rows-flipped", lambda: _outputs(lambda i: (3 - i // 4) * 4 + i % 4)
    yield "outputs-map-columns-flipped", lambda: _outputs(lambda i: i // 4 * 4 + 3 - i % 4)
    yield "outputs-map-flipped", lambda: _outputs(lambda i: 15 - i)
    yield "outputs-map-transposed", lambda: _outputs(lambda i: i % 4 * 4 + i // 4)
    yield "outputs-refolded", lambda: PSUMS.ravel()[_refolded(7, PIXELS)]
    yield "outputs-refolded-back", lambda: PSUMS.ravel()[_refolded(PIXELS, 7)]
    numbers = PSUMS.ravel().tolist()
    across = range(4)
    yield (
        "outputs-by-rows",
        lambda: [numbers[16 * c + 4 * h + w] for h in across for c in range(7) for w in across],
    )
    yield (
        "outputs-by-columns",
        lambda: [numbers[16 * c + 4 * h + w] for w in across for c in range(7) for h in across],
    )
    yield (
        "outputs-refolded-transposed",
        lambda: [numbers[16 * c + 4 * h + w] for w in across for h in across for c in range(7)],
    )
    for n in (2, 8):
        last = [max(b for b in range(PIXELS) if b % n == a % n) for a in range(PIXELS)]
        yield f"outputs-memory-wraps n={n}", lambda where=last: _outputs(lambda i: where[i])
        yield f"outputs-address-wraps n={n}", lambda n=n: _outputs(lambda i: i % n)
    for n in (1, 2, 3, 4, -1, -2, -3, -4):
        yield (
            f"outputs-shifted n={n} rest=0",
            lambda n=n: _outputs(_inside(lambda i: i + n, PIXELS)),
        )
        yield (
            f"outputs-shifted n={n} rest=repeated",
            lambda n=n: _outputs(_kept(lambda i: i + n, 15)),
        )
        yield f"outputs-shifted n={n} rest=around", lambda n=n: _outputs(lambda i: (i + n) % PIXELS)
    for p in (1, 9, 15):
        yield (
            f"output-lost onij={p}",
            lambda p=p: _outputs(lambda i: i if i < p else min(i + 1, 15)),
        )
        yield f"output-twice onij={p - 1}", lambda p=p: _outputs(lambda i: i if i < p else i - 1)
        yield f"output-stale onij={p}", lambda p=p: _outputs(lambda i: p - 1 if i == p else i)
        yield f"output-zero onij={p}", lambda p=p: _outputs(lambda i: None if i == p else i)
    exchanged = [0, 4, 2, 3, 1, 5, 6]
    yield "outputs-exchanged oc=1,4", lambda: PSUMS[exchanged]


def _refolded(first, second):
    """Numbers of a table of `first` rows, read column by column."""
    return [row * second + column for column in range(second) for row in range(first)]


EXPECTED = dict(_expected())


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    bundle = write_case(tmp_path_factory.mktemp("hand") / "bundle", CASE, CODES, WEIGHT)
    numbers = PSUMS.reshape(7, 4, 4) + 1
    operands = Operands(WEIGHT.astype(np.int64), CODES.astype(np.int64))
    dump = Dump("psum", numbers, np.ones(numbers.shape, bool))
    return Problem.of(bundle, operands, compare(bundle, dump, operands=operands))


@pytest.fixture(scope="module")
def causes(problem):
    return {cause.key: cause for cause in all_causes(problem)}


@pytest.mark.parametrize("key", EXPECTED)
def test_a_cause_predicts_what_its_words_say(key, problem, causes):
    found = predict(problem, (causes[key],)).ravel()
    assert found.tolist() == np.asarray(EXPECTED[key]()).ravel().tolist()
