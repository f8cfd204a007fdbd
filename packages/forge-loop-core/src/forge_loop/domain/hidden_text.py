"""Text that a reader of the rendered page does not see, made visible.

Owns: what counts as hidden, the marker that stands in its place, the list of what was found. Must not: decide what
follows from a find; intake does that.

The same rule holds inside code fences: whether a fence really is one depends on everything around it, and a wrong guess
would hide text. Markers look like `⟦U+200B⟧` for characters and `⟦!-- text --⟧` for a comment, so nothing is lost.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

_OPEN, _CLOSE = "⟦", "⟧"

# What a Markdown renderer drops: comments, processing instructions, declarations, CDATA. Unclosed runs to the end.
_MARKUP = re.compile(
    r"<(?:!--.*?(?:--!?>|\Z)|\?.*?(?:\?>|\Z)|![A-Za-z].*?(?:>|\Z)|!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL
)
_MARKUP_START = re.compile(r"<(?=!--|\?|![A-Za-z]|!\[CDATA\[)")

_LABEL = r"(?:[^\[\]\\]|\\.){1,999}"
_QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|\((?:[^()\\]|\\.)*\)"
# A link reference definition, also inside a quote or a list item; its title may stand on the next line.
_DEFINITION = re.compile(
    rf"^(?P<lead>[ \t>*+\-]*(?:\d{{1,9}}[.)][ \t]+)?)"
    rf"(?P<body>\[(?!\^)(?P<label>{_LABEL})\]:[ \t]*\n?[ \t]*(?P<target><[^<>\n]*>|[^\s<]\S*)"
    rf"(?:[ \t]*\n?[ \t]*(?P<title>{_QUOTED}))?)(?=[ \t]*$)",
    re.MULTILINE,
)
_FOOTNOTE = re.compile(r"^(?P<lead>[ \t>*+\-]*)(?P<body>\[\^(?P<label>[^\[\]\s]+)\]:.*)$", re.MULTILINE)

# Nothing of this is hidden: by far the most common text, and looked at again at every tick.
_PLAIN = re.compile(r"[\n\t -~]*")
# Characters that show as nothing although their category is that of a letter, a mark or a symbol.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Format characters that show as a sign of their own (Unicode: Prepended_Concatenation_Mark).
_SHOWN_FORMAT = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u0890\u0891\u08e2\U000110bd\U000110cd")
_JOINER, _SELECTORS, _KEYCAP = "\u200d", "\ufe0e\ufe0f", "\u20e3"
_SELECTABLE = frozenset("‼⁉ℹ〰")


def visible(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with everything hidden replaced by markers, and what was hidden, each once, in order.

    Joiners and variation selectors inside an emoji become markers too but are not listed. `\\r\\n` counts as `\\n`.
    """
    found: dict[str, None] = {}
    text = _MARKUP.sub(lambda match: _show_markup(match, found), text.replace("\r\n", "\n"))
    text = _show_definitions(text, found)
    return _show_characters(text, found), tuple(found)


def _show_markup(match: re.Match[str], found: dict[str, None]) -> str:
    hidden = match[0]
    kind = "HTML comment" if hidden.startswith("<!--") else "HTML that is not rendered"
    found[f"{kind} {_excerpt(hidden)}"] = None
    # Openers inside are replaced as well, or the rest would be hidden again.
    shown = _MARKUP_START.sub(_OPEN, hidden)
    return (shown.removesuffix(">") if shown.endswith(">") else shown) + _CLOSE


def _show_definitions(text: str, found: dict[str, None]) -> str:
    folded = text.casefold()

    def show(match: re.Match[str]) -> str:
        if _is_used(match, folded):
            return match[0]
        found[f"link-reference comment {_excerpt(match['body'])}"] = None
        return f"{match['lead']}{_OPEN}{match['body']}{_CLOSE}"

    return _FOOTNOTE.sub(show, _DEFINITION.sub(show, text))


def _is_used(match: re.Match[str], folded: str) -> bool:
    """Whether a definition serves a link in the (case-folded) text, and carries no text of its own."""
    groups = match.groupdict()
    if groups.get("title") or groups.get("target", "x") in ("#", "<>") or " " in groups.get("target", ""):
        return False
    mark = "[^" if match["body"].startswith("[^") else "["
    label = f"{mark}{match['label']}]".casefold()
    return folded.find(label, folded.find(label) + 1) >= 0


def _show_characters(text: str, found: dict[str, None]) -> str:
    if _PLAIN.fullmatch(text):
        return text
    shown: list[str] = []
    position = 0
    for character, run in groupby(text):
        length = len(list(run))
        if _is_hidden(character):
            expected = length == 1 and _belongs_to_emoji(text, position)
            shown.append(_marker(character, length))
            if not expected:
                found[_name(character)] = None
        else:
            shown.append(character * length)
        position += length
    return "".join(shown)


def _is_hidden(character: str) -> bool:
    if character in "\n\t" or " " <= character <= "~":
        return False
    category = unicodedata.category(character)
    if "\U0001f000" <= character <= "\U0001faff":
        return False  # reserved for pictures, also where this Python's Unicode does not know the newest yet
    if category == "Cf":
        return character not in _SHOWN_FORMAT
    return (
        category in ("Cc", "Cs", "Cn", "Zl", "Zp")
        or character in _BLANK
        or "VARIATION SELECTOR" in unicodedata.name(character, "")
    )


def _belongs_to_emoji(text: str, position: int) -> bool:
    """Whether a joiner stands between two emoji, or a selector right after one."""
    character = text[position]
    before = text[position - 1 : position]
    after = text[position + 1 : position + 2]
    if character == _JOINER:
        base = text[position - 2 : position - 1] if before and before in _SELECTORS else before
        return _is_emoji(base) and _is_emoji(after)
    if character in _SELECTORS:
        keycap = after == _KEYCAP and before != "" and before in "0123456789#*"
        return keycap or _is_emoji(before) or (before != "" and before in _SELECTABLE)
    return False


def _is_emoji(character: str) -> bool:
    """Near enough without Unicode's emoji table: a symbol, a skin tone, or a mathematical arrow."""
    if character == "" or character <= "\u00a8":
        return False
    return "\U0001f000" <= character <= "\U0001faff" or unicodedata.category(character) in ("So", "Sm")


def _marker(character: str, length: int) -> str:
    times = f" x {length}" if length > 1 else ""
    return f"{_OPEN}U+{ord(character):04X}{_spelled(character)}{times}{_CLOSE}"


def _name(character: str) -> str:
    code = f"U+{ord(character):04X}"
    return f"{code} {unicodedata.name(character, '')}".strip()


def _spelled(character: str) -> str:
    """The ASCII character that a tag character stands for: hidden sentences are spelled with them."""
    return f" {chr(ord(character) - 0xE0000)}" if "\U000e0020" <= character <= "\U000e007e" else ""


def _excerpt(hidden: str) -> str:
    words = "".join(character if not _is_hidden(character) else "." for character in " ".join(hidden.split()))
    return repr(words if len(words) <= 60 else words[:57] + "...")
