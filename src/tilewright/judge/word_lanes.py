"""Words of digits that hold several numbers each, one a lane."""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.errors import counted
from tilewright.judge.numerals import DIGIT_BITS, digits_of, is_unknown, parse_number
from tilewright.judge.too_many import is_idle

Token = tuple[str, int, int]
"""A number's text, its line from 1, and its lane."""


def without_idle_words(
    tokens: list[Token], wanted: int, bits: int, radix: str
) -> tuple[list[Token], tuple[str, ...]]:
    """The words of digits without those of 0, x or z that fill a memory up behind the others, and a note.

    A memory has a power of two of words, all of one length, each of one or more numbers of `bits` or more;
    the most numbers that fit are taken to be in each.
    """
    depth, lengths = len(tokens), {len(digits_of(token)) for token, *_ in tokens}
    if radix not in DIGIT_BITS or depth in (0, wanted) or depth & (depth - 1) or len(lengths) != 1:
        return tokens, ()
    size = lengths.pop() * DIGIT_BITS[radix]
    idle = next((n for n, one in enumerate(reversed(tokens)) if not is_idle(one[0])), depth)
    for lanes in range(size // bits, 0, -1):
        words = wanted // lanes
        if (
            size % (lanes * DIGIT_BITS[radix])
            or wanted % lanes
            or not depth - idle <= words < depth
        ):
            continue
        count = counted(depth - words, "word")
        return tokens[:words], (f"{count} of 0 or x behind the last one that is needed: left out",)
    return tokens, ()


def lanes_of(words: Sequence[str], bits: int, radix: str) -> int:
    """How many numbers of so many bits each word of digits holds, all being of one length; 0 if none."""
    lengths = {len(digits_of(word)) for word in words}
    if radix not in DIGIT_BITS or len(lengths) != 1 or bits % DIGIT_BITS[radix]:
        return 0
    lanes, rest = divmod(lengths.pop() * DIGIT_BITS[radix], bits)
    return 0 if rest else lanes


def lane_width(words: Sequence[str], wanted: int, bits: int, radix: str) -> int:
    """Bits of each of the numbers of words of one length that are `wanted` together, at least `bits`; 0 if
    the words do not hold so many, or a quarter of the numbers need more than `bits`."""
    lengths = {len(digits_of(word)) for word in words}
    lanes, rest = divmod(wanted, max(len(words), 1))
    if radix not in DIGIT_BITS or len(lengths) != 1 or rest or lanes < 2:
        return 0
    width, rest = divmod(lengths.pop() * DIGIT_BITS[radix], lanes)
    if rest or width < bits or width % DIGIT_BITS[radix]:
        return 0
    parts = [part for word in words for part in parts_of(word, width, radix)]
    fitting = sum(_is_of(part, bits, radix) for part in parts)
    return 0 if 4 * fitting < 3 * len(parts) else width


def parts_of(word: str, bits: int, radix: str) -> list[str]:
    """The digits of each of the numbers of a word, the highest bits first."""
    text, size = digits_of(word), bits // DIGIT_BITS[radix]
    return [text[at : at + size] for at in range(0, len(text), size)]


def _is_of(part: str, bits: int, radix: str) -> bool:
    """Whether the digits of a number are one of so many bits, with a sign or without, or not known."""
    value = None if is_unknown(part) else parse_number(part, radix, len(part) * DIGIT_BITS[radix])
    return value is None or -(1 << (bits - 1)) <= value < 1 << bits


def lanes_remedy(lanes: int, bits: int) -> str:
    """What to say of words that are so many numbers each."""
    return (
        f"each word has {lanes} numbers of {bits} bits: say --order 'oh ow -oc' where they are the output "
        "channels of a pixel, the first one right ('oh ow oc': left), 'otile onij -col' for columns of the "
        "array"
    )
