"""Commands that the pages show: each is there, and has the options that it is shown with."""

import re
import shlex

import pytest

from tests.docs.test_pages import PAGES, ROOT
from tilewright.cli.app import Commands

SHOWN = re.compile(
    r"(?:(?<=`)|(?<=\n)|(?<=\n    )|(?<=\n\t)|(?<=\$ )|(?<=run: )|(?<=entry: )|(?<=&& ))tilewright ([^`\n]*)"
)
BEHIND = re.compile(r" #| -- |&&| > | \| |;")
"""What stands behind a command on its line: a comment, a command of the user's, another command."""


def shown_commands(text):
    """The words of every command of ours in a page, as far as its own options go."""
    for line in SHOWN.findall(text):
        command = BEHIND.split(line)[0].rstrip("\\")
        try:
            yield shlex.split(command)
        except ValueError:  # an apostrophe of a sentence
            yield command.split()


def unknown(words, commands):
    """What of a shown command is not there: its name, or options."""
    words = [word for word in words if word not in ("-q", "-v", "-h", "--help", "--version")]
    if not words or not re.match(r"[a-z]", words[0]):
        return []
    if words[0] not in commands:
        return words[:1]
    named = {name for one in commands[words[0]].params for name in (*one.opts, *one.secondary_opts)}
    given = (word.split("=")[0] for word in words[1:] if re.match(r"--?[A-Za-z]", word))
    return [one for one in given if one not in named and one[:2] not in ("-I", "-D")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_shows_is_there(page):
    commands = Commands()
    assert not [
        (words, lost)
        for words in shown_commands(page.read_text())
        if (lost := unknown(words, commands))
    ]


def test_a_command_that_is_not_there_would_be_seen():
    text = "\n```\n$ tilewright plna vgg16\ntilewright plan vgg16 --arrays 8x8 -- --mine # c\n```\n"
    lost = [unknown(words, Commands()) for words in shown_commands(text)]
    assert lost == [["plna"], ["--arrays"]]
