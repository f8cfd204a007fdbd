"""What looks like a secret: tokens, webhook addresses, private keys, passwords in addresses, and base64 of these.

Owns: the shapes, and finding them. Must not: show what was found; a caller learns its kind, and where it must compare
also the text itself, which goes into no sentence.

The long form of a GitHub App's token holds dots and dashes and has about 520 characters.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping

WITHHELD = "[withheld: it looks as if it holds {what}]"

_SHAPES: Mapping[str, re.Pattern[str]] = {
    what: re.compile(pattern, re.VERBOSE)
    for what, pattern in {
        "a GitHub token": r"\b(?:gh[opur]_[A-Za-z0-9]{36,} | ghs_[A-Za-z0-9._-]{36,} | github_pat_[A-Za-z0-9_]{22,})",
        "a GitLab token": r"\bglpat-[A-Za-z0-9_-]{20,}",
        "a Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,} | \bxapp-[0-9]-[A-Za-z0-9-]{10,}",
        "a Slack webhook": r"\bhooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/\w+/[A-Za-z0-9/]{8,}",
        "a Discord webhook": r"\bdiscord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d{5,}/[A-Za-z0-9_-]{20,}",
        "an Anthropic key": r"\bsk-ant-[A-Za-z0-9_-]{20,}",
        "an AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        "a private key": r"-----BEGIN\ [A-Z\ ]{0,30}PRIVATE\ KEY-----[^-]{40}",
        # Not of a host that is nobody's: without a dot, on loopback, or reserved for examples and tests.
        "a password in an address": r"""
            \b[a-z][a-z0-9+.-]{0,20}://[^\s/:@'"<>{}$]{1,100}:[^\s/:@'"<>{}$*]{6,200}
            @(?!127\.|(?:[\w-]+\.)*(?:example\.\w+|example|test|invalid|local)\b)[\w-]+\.[\w.-]+""",
    }.items()
}
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")


def secrets_in(text: str) -> frozenset[tuple[str, str]]:
    """Every (kind, text) that looks like a secret, plain or in base64."""
    return frozenset([*_plain(text), *_encoded(text)])


def kinds_in(texts: Iterable[str]) -> tuple[str, ...]:
    """The kinds of what looks like a secret in any of the texts, each once."""
    return tuple(sorted({what for text in texts for what, _ in secrets_in(text)}))


def outgoing(value: object) -> object:
    """A value of JSON as it may leave: a text that looks as if it holds a secret is withheld whole, not masked."""
    if isinstance(value, str):
        found = kinds_in([value])
        return WITHHELD.format(what=" and ".join(found)) if found else value
    if isinstance(value, Mapping):
        return {name: outgoing(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [outgoing(each) for each in value]
    return value


def texts_of(value: object) -> Iterator[str]:
    """Every text within a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts_of(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts_of(each)


def _plain(text: str) -> Iterator[tuple[str, str]]:
    for what, shape in _SHAPES.items():
        yield from ((what, found[0]) for found in shape.finditer(text))


def _encoded(text: str) -> Iterator[tuple[str, str]]:
    """Base64 may begin within a longer run of its letters: each of the four offsets is tried."""
    for run in _ENCODED.finditer(text):
        letters = run[0].rstrip("=").translate(str.maketrans("-_", "+/"))
        for offset in range(4):
            part = letters[offset:]
            with_rest = part[: len(part) - (len(part) % 4 == 1)]
            try:
                decoded = base64.b64decode(with_rest + "=" * (-len(with_rest) % 4))
            except binascii.Error:
                continue
            yield from ((what, run[0]) for what, _ in _plain(decoded.decode("latin-1")))
