"""What `$readmemb` or `$readmemh` made of one file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tilewright.errors import FormatError, counted
from tilewright.lint.counts import border, has_zero_border, split_word
from tilewright.lint.file_text import WORDS, FileText, Token, shown
from tilewright.lint.findings import Finding
from tilewright.lint.judge_counts import lacking_text
from tilewright.lint.judge_words import sign_text
from tilewright.verilog.events import BITS_PER_DIGIT, HEX_LETTERS, MemoryLoad
from tilewright.verilog.readmem import LoadedFile, LoadedWord, parse_memory_file
from tilewright.verilog.scan import number
from tilewright.verilog.simulators import ICARUS, Simulator

_NEGATIVE = (b"8", b"9", *HEX_LETTERS)
"""First digits of a hexadecimal word whose first bit is set."""


def judge_memory(
    load: MemoryLoad, testbench: str, *, simulator: Simulator = ICARUS
) -> tuple[Finding, ...]:
    """The findings about one load, in the order of the file."""
    text, parsed = FileText(load.content or b"", load.base), parse_memory_file(load, simulator)
    findings = [
        Finding(severity, kind, message, load.file, text.line(at), testbench, load.line)
        for severity, kind, at, message in (
            *_faults(load, text, parsed, simulator),
            *_faults_of(simulator, load, parsed),
        )
    ]
    return severest(findings)


def _faults_of(
    simulator: Simulator, load: MemoryLoad, parsed: LoadedFile
) -> Iterator[tuple[str, str, int, str]]:
    """What only some simulators make of a load."""
    over = [word for word in parsed.words if not load.fills(word.address)]
    if simulator.ends_outside and over and load.width and not load.has_range:
        yield (
            "error",
            "outside-memory",
            over[0].start,
            f"the memory takes {load.room} words, and {simulator.title} ends the simulation at the next one: "
            f"write as many as there is room for, or give the addresses",
        )
    if simulator.counts_up and load.first > load.last:
        yield (
            "error",
            "outside-memory",
            0,
            f"{simulator.title} counts upwards from address {load.first}, not down to {load.last}: give the "
            f"lower address first",
        )


def severest(findings: list[Finding]) -> tuple[Finding, ...]:
    """The first finding of each kind; the first error of it, if there is one."""
    kept: dict[str, Finding] = {}
    for finding in findings:
        known = kept.setdefault(finding.kind, finding)
        if known.severity != "error" and finding.severity == "error":
            kept[finding.kind] = finding
    return tuple(kept.values())


def _faults(
    load: MemoryLoad, text: FileText, parsed: LoadedFile, simulator: Simulator
) -> Iterator[tuple[str, str, int, str]]:
    call = f"$readmem{load.base}"
    if not text.content.strip():
        yield "error", "empty", 0, "the file must hold words, but is empty"
        return
    if load.is_outside:
        yield (
            "error",
            "outside-memory",
            0,
            f"{call} fills the addresses {load.first}..{load.last}, which the memory does not have: "
            f"nothing is loaded, and its words keep their old values; correct the addresses",
        )
        return
    if parsed.outside >= 0:
        address = text.content[parsed.outside :].split(maxsplit=1)[0]
        yield (
            "error",
            "outside-memory",
            parsed.outside,
            f"{shown(address)} is none of the addresses {load.first}..{load.last} that are filled: "
            f"{call} stops here with an error, and the rest of the memory keeps its old values; "
            f"leave the address out, or correct it",
        )
        return
    if parsed.bad >= 0:
        token = text.token_at(parsed.bad)
        yield (
            "error",
            "bad-word",
            parsed.bad,
            f"{call} takes digits, // and @, but finds {shown(token.text if token else b'')}: it "
            f"stops here with an error, and the rest of the memory keeps its old values; {_remedy(load)}",
        )
        return
    yield from _word_faults(load, parsed.words, simulator)
    yield from _split_faults(load, text, parsed)
    yield from _count_faults(load, text, parsed)
    yield from _beyond_faults(load)
    yield from _partner_faults(load)
    if load.complaint is not None:
        message = (
            f"the file has {counted(len(parsed.words), 'word')}, and the testbench complains of that: "
            f"{shown(load.complaint[1].encode())}"
        )
        yield "error", "complaint", max(len(text.content) - 1, 0), message


def _remedy(load: MemoryLoad) -> str:
    from tilewright.vectors.memory_image import read_memory_image

    try:
        image = read_memory_image(load.content or b"", Path(load.file))
    except FormatError:
        image = None
    if image is None:
        return "write a header as // comments, and words without other characters"
    return f"the file is {image.tool}: write its words as digits, one after the other"


def _split_faults(
    load: MemoryLoad, text: FileText, parsed: LoadedFile
) -> Iterator[tuple[str, str, int, str]]:
    split = split_word(
        [
            Token(w.start, w.start + len(w.digits), text.line(w.start), w.digits)
            for w in parsed.words
        ],
        WORDS[load.base],
    )
    if split is None and load.base == "b" and _is_spaced(load, text, parsed.words):
        yield "error", "spaced-word", parsed.words[0].start, _spaced(len(parsed.words), load.room)
    if split is not None:
        yield (
            "error",
            "spaced-word",
            split.start,
            "the line is one word with spaces in it, and each part of it is loaded as a word of its own: "
            "write the word without spaces",
        )


def _beyond_faults(load: MemoryLoad) -> Iterator[tuple[str, str, int, str]]:
    if load.beyond is not None and load.beyond.is_used:
        yield (
            "error",
            "outside-memory",
            0,
            f"the testbench uses a word at an address that the memory does not have: it is x; stay within "
            f"the {load.room} words that are loaded, or correct the first address",
        )


def _partner_faults(load: MemoryLoad) -> Iterator[tuple[str, str, int, str]]:
    """A file whose end is the end of all comparisons, though the one beside it goes on; that may be a whole
    memory, which is filled to its end."""
    other = load.partner
    if other is not None:
        present = counted(len(load.given), "word")
        yield (
            "warning" if len(other.given) >= other.room else "error",
            "too-few-words",
            max(len(load.content or b"") - 1, 0),
            f"the testbench takes an element that is x for the end, behind {present}, but '{other.file}', "
            f"with which it compares them, has {len(other.given)}: the rest is compared with nothing; write "
            f"all of them",
        )


def _word_faults(
    load: MemoryLoad, words: tuple[LoadedWord, ...], simulator: Simulator
) -> Iterator[tuple[str, str, int, str]]:
    if not load.width:
        return  # the memory lies in the design, which is not given
    room = -(-load.width // BITS_PER_DIGIT[load.base])
    lengths = [len(word.digits.replace(b"_", b"")) for word in words]
    full, is_even = sum(one >= room for one in lengths), len(words) > 1 == len(set(lengths))
    for word in words:
        digits = word.digits.replace(b"_", b"")
        if simulator.reads_0x and digits[:2].lower() == b"0x":
            digits = digits[2:]
        is_used = not load.is_followed or word.address in load.used or _ends_at(load, word)
        if is_used and load.fills(word.address):
            yield from _value_faults(load, word, digits, room)
        is_short = is_even and len(digits) < room and load.fills(word.address)
        if is_used and load.is_signed and is_short and digits[:1].lower() in _NEGATIVE:
            yield (
                "warning",
                "short-word",
                word.start,
                f"the words have {len(digits)} digits, this one with the first bit set, but the memory has a "
                f"sign and takes {room}: the number is positive; write {room} digits if it is not",
            )
        are_lanes = load.has_lanes and (full > 0 or is_even)
        if len(digits) < room and (load.base == "b" or 2 * full > len(words) or are_lanes):
            yield (
                "warning",
                "short-word",
                word.start,
                f"the word has {len(digits)} digits, but the memory takes {room}: the value is "
                f"extended with zeros at the left; if lanes are packed in it, write words of {room} "
                f"digits",
            )


def _value_faults(
    load: MemoryLoad, word: LoadedWord, digits: bytes, room: int
) -> Iterator[tuple[str, str, int, str]]:
    kept, dropped = digits[-room:], digits[:-room]
    event = load.open_words.get(word.address)
    is_wanted = event is not None and event.are_x_wanted and load.is_followed
    is_wanted = is_wanted and not _ends_at(load, word)
    if any(c in b"xXzZ" for c in kept) and not is_wanted:
        yield (
            "error",
            "x-digits",
            word.start,
            f"the word {shown(digits)} has digits x or z: what is computed from it is x",
        )
        return
    if word.address in load.widened and (number(kept, load.base) or 0) >> (load.width - 1) & 1:
        yield "error", "truncated", word.start, sign_text(digits)
        return
    excess = (number(kept, load.base) or 0) >> load.width
    if not dropped and not excess:
        return
    is_lossless = _is_sign(load, digits) or (
        not excess and (dropped.lower() == b"0x" or not dropped.strip(b"0"))
    )
    yield (
        "warning" if is_lossless else "error",
        "truncated",
        word.start,
        f"the word {shown(digits)} has more bits than the {load.width} of the memory: the first ones are "
        f"dropped; write words of {room} digits",
    )


def _ends_at(load: MemoryLoad, word: LoadedWord) -> bool:
    """Whether a word with some digits x is the last one at which the testbench looks: it takes that for the
    end, though there are others."""
    event = load.open_words.get(word.address)
    if event is None or not event.is_x_asked:
        return False
    is_part = bool(set(word.digits) - set(b"xXzZ_"))
    has_more = any(isinstance(at, int) and at > word.address for at in load.given)
    return is_part and has_more and max(load.used, default=-1) <= word.address


def _is_sign(load: MemoryLoad, digits: bytes) -> bool:
    """Whether all that is dropped repeats the sign of a signed word."""
    value, bits = number(digits, load.base), len(digits) * BITS_PER_DIGIT[load.base]
    sign = (1 << (bits - load.width + 1)) - 1
    return load.is_signed and value is not None and value >> (load.width - 1) == sign


def _count_faults(
    load: MemoryLoad, text: FileText, parsed: LoadedFile
) -> Iterator[tuple[str, str, int, str]]:
    words, room = parsed.words, load.room
    if not load.width:
        return
    missing = room - len({word.address for word in words if load.fills(word.address)})
    edges = border(min(len(words), room), max(len(words), room))
    if len(words) > room and not missing:
        at = words[room].start
        is_image = bool(edges) and has_zero_border([word.digits for word in words])
        if _is_spaced(load, text, words) or _are_parts(load, words):
            yield "error", "spaced-word", words[0].start, _spaced(len(words), room)
        else:
            severity, kind = ("error", "padding") if is_image else ("warning", "words-left")
            what = f"the memory takes {counted(room, 'word')}, but the file has {len(words)}"
            if load.lacks:
                severity, what = "error", f"{what}; {lacking_text(load)}"
            yield severity, kind, at, what
        return
    if missing and (load.stale_reads or load.old_reads or not load.is_followed):
        is_sure = load.has_range or bool(load.stale_reads)
        kind = "padding" if edges and is_sure else "too-few-words" if is_sure else "memory-not-full"
        stale = len(load.stale_reads or load.old_reads)
        used = f", and reads {stale} of the others" if stale else ""
        yield (
            "error" if is_sure else "warning",
            kind,
            max(len(text.content) - 1, 0),
            f"the reader loads {counted(room, 'word')}{used}, but the file has {room - missing}: "
            f"{missing} keep their old values; write all of them",
        )
    elif load.lacks and load.has_range:
        yield "error", "too-few-words", max(len(text.content) - 1, 0), lacking_text(load)


def _is_spaced(load: MemoryLoad, text: FileText, words: tuple[LoadedWord, ...]) -> bool:
    """Whether each line is one word with spaces in it: its parts add up to the width of the memory."""
    digits = -(-load.width // BITS_PER_DIGIT[load.base])
    sums: dict[int, list[int]] = {}
    for word in words:
        sums.setdefault(text.line(word.start), []).append(len(word.digits.replace(b"_", b"")))
    are_split = all(len(parts) > 1 and sum(parts) == digits for parts in sums.values())
    return are_split and len(sums) > 1


def _are_parts(load: MemoryLoad, words: tuple[LoadedWord, ...]) -> bool:
    """Whether all words together have the digits that the lanes of the memory have, in shorter ones."""
    digits = -(-load.width // BITS_PER_DIGIT[load.base])
    lengths = {len(word.digits.replace(b"_", b"")) for word in words}
    length = min(lengths)
    is_same = len(lengths) == 1 and length < digits
    return load.has_lanes and is_same and len(words) * length == digits * load.room


def _spaced(words: int, room: int) -> str:
    return (
        f"the lines have parts of words: the memory takes {room} words, but {words} "
        f"parts are read as words of their own; write whole words, without spaces"
    )


def line_end_fault(load: MemoryLoad, testbench: str) -> Iterator[Finding]:
    """What Verilator up to 5.022 does with a last word without line end."""
    content = load.content or b""
    if content and content[-1:].strip():
        line = FileText(content).line(len(content) - 1)
        message = (
            "the last line has no line end: Verilator up to 5.022 drops its last word; end the line"
        )
        yield Finding("warning", "no-line-end", message, load.file, line, testbench, load.line)
