"""Words of others that the loop repeats on a forge: they call nobody, close nothing and hide nothing there.

Owns: making such text harmless, and cutting it. Must not: know which forge it goes to.
"""

from __future__ import annotations

import re

from forge_loop.domain.hidden_text import visible

CUT = "\n\n[cut here]"
LONGEST = 20_000  # characters of one text
_CODE = re.compile(r"(?<!`)`[^`\n]+`(?!`)")
# A name after @ is called, a number after # is linked, and a closing word before either or before an address closes
# it. In a code span none of this happens, and nothing else prevents it everywhere.
_LIVE = re.compile(
    r"""
    (?<![\w@]) @[A-Za-z0-9][\w-]*(?:/[\w-]+)?
    | (?:[\w.-]{1,100}/[\w.-]{1,100})?\#\d+
    | \bGH-\d+
    | \b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b (?=:?\s+\S*(?:\#|GH-|://))
    """,
    re.IGNORECASE | re.VERBOSE,
)
# In a commit's message nothing is code: there the number itself is what closes.
_CLOSING = re.compile(
    r"""
    \b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b :?\s+
    (?P<what>(?:https?://\S{0,200}?/(?:issues|pull)/|[\w.-]{0,100}/?[\w.-]{0,100}\#|GH-)\d+)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def harmless(text: str) -> str:
    """The text with whatever would act on a forge shown as code, and with what is hidden shown."""
    shown, done, rest = visible(text)[0], [], 0
    for code in _CODE.finditer(shown):
        done += [_plain(shown[rest : code.start()]), code[0]]
        rest = code.end()
    return "".join([*done, _plain(shown[rest:])])


def _plain(text: str) -> str:
    quiet = text.replace("`", "'").replace("<", "&lt;").replace("![", "!\\[")
    return _LIVE.sub(lambda found: f"`{found[0]}`", quiet)


def closings(message: str) -> tuple[str, ...]:
    """What a forge would close once a commit with this message is on its default branch: `#9`, `owner/name#9` ..."""
    return tuple(dict.fromkeys(found["what"] for found in _CLOSING.finditer(message)))


def closing_nothing(title: str) -> str:
    """The title as a commit may carry it: `Fixes #9` as `Fixes 9`."""
    return _CLOSING.sub(lambda found: re.sub(r"#|GH-|https?://", " ", found[0]).replace("  ", " "), title)


def one_line(text: str, most: int) -> str:
    """Harmless and on one line, cut before that to at most `most` characters."""
    flat = " ".join(text.split())
    return harmless(flat if len(flat) <= most else flat[: most - 3] + "...")


def cut(text: str, most: int) -> str:
    """At most `most` characters, with a mark where it was cut."""
    return text if len(text) <= most else text[: most - len(CUT)] + CUT
