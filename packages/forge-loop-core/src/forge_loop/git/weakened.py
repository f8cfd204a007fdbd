"""Tests that a candidate takes away.

Owns: what counts as a file of tests, as a test in it, as deleting one and as skipping one. Must not: run any.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from forge_loop.git.changes import FILES, Change, blobs
from forge_loop.git.command import Git

_DIRECTORIES = frozenset({"test", "tests", "testing", "__tests__", "spec", "specs", "e2e"})
_SOURCE = re.compile(
    "py|jsx?|tsx?|mjs|cjs|go|rs|rb|java|kt|scala|php|cs|swift|sh|bats|c|cc|cpp|exs?|clj|lua|pl", re.IGNORECASE
)
_NAMED = re.compile(r"(?:test_.+|.+_tests?|.+[.-](?:test|spec|cy)|.+_spec|.*Tests?|conftest)", re.ASCII)

_SKIPS = re.compile(
    r"""
      \bpytest\s*\.\s*(?:mark\s*\.\s*(?:skip|skipif|xfail)\b|skip\s*\(|xfail\s*\(|importorskip\s*\()
    | \bunittest\s*\.\s*(?:skip|skipIf|skipUnless|expectedFailure)\b
    | @(?:\w+\.)*(?:skip|skipIf|skipUnless|skipif|xfail|expectedFailure|Ignore|Disabled)\b
    | \b(?:self\.skipTest|SkipTest)\s*\(
    | \b__test__\s*=\s*False
    | \b(?:it|test|describe|context|suite)\s*\.\s*(?:skip|todo|only|fixme|skipIf|runIf)\b
    | \b(?:xit|xtest|xdescribe|xcontext|fit|fdescribe)\s*\(
    | \bt\s*\.\s*(?:skip|Skip|Skipf|SkipNow)\s*\(
    | \#\[\s*ignore\b
    | \bcollect_ignore(?:_glob)?\b | \bpytest_ignore_collect\b
    """,
    re.VERBOSE,
)
_TESTS = re.compile(
    r"""
      ^[ \t]*(?:async[ \t]+)?def[ \t]+test\w*[ \t]*\(
    | ^[ \t]*func[ \t]+(?:Test|Benchmark|Fuzz|Example)\w*[ \t]*\(
    | ^[ \t]*(?:it|test|specify)(?:\.each\b[^\n]*)?[ \t]*\(?[ \t]*["'`]
    | ^[ \t]*\#\[[ \t]*(?:\w+::)*test\b
    | ^[ \t]*@(?:ParameterizedTest|RepeatedTest|Test)\b
    | ^[ \t]*\[(?:Fact|Theory|Test|TestCase|TestMethod)\b
    | ^[ \t]*@test[ \t]+["']
    | ^[ \t]*(?:public[ \t]+)?function[ \t]+test\w*[ \t]*\(
    """,
    re.VERBOSE | re.MULTILINE,
)


def is_test(path: str) -> bool:
    """Whether a path is a file of tests, by its directory or its name."""
    directory, name = posixpath.split(path)
    stem, _, ending = name.rpartition(".")
    if _SOURCE.fullmatch(ending) is None:
        return False
    return _NAMED.fullmatch(stem) is not None or any(part.casefold() in _DIRECTORIES for part in directory.split("/"))


def weakened_tests(git: Git, changed: Sequence[Change]) -> tuple[str, ...]:
    """One sentence a test file that is deleted or holds more skip markers than before. Moved unchanged is neither.

    A test taken out of a file that stays is told where the change leaves fewer tests than there were: renamed, moved to
    another file or replaced by others it is not.
    """
    arrived = {change.new_blob for change in changed if is_test(change.path) and not change.deleted}
    tests = [change for change in changed if is_test(change.path)]
    gone = [f"deletes {c.path}" for c in tests if c.deleted and c.old_blob not in arrived]
    left = {change.old_blob for change in tests if change.deleted}
    kept = [change for change in tests if change.new_mode in FILES and change.new_blob not in left]
    texts = blobs(
        git, sorted({blob for change in kept for blob in (change.old_blob, change.new_blob) if blob.strip("0")})
    )
    more = [c for c in kept if _skips(texts.get(c.new_blob, b"")) > _skips(texts.get(c.old_blob, b""))]
    fewer = [c for c in kept if _tests(texts.get(c.new_blob, b"")) < _tests(texts.get(c.old_blob, b""))]
    before, after = (sum(_tests(texts.get(blob, b"")) for blob in side) for side in _sides(kept))
    taken = [f"takes tests out of {change.path}" for change in fewer] if after < before else []
    return (*gone, *(f"skips tests in {change.path}" for change in more), *taken)


def _sides(kept: Sequence[Change]) -> tuple[list[str], list[str]]:
    return [change.old_blob for change in kept], [change.new_blob for change in kept]


def _tests(text: bytes) -> int:
    return len(_TESTS.findall(text.decode("utf-8", "replace")))


def _skips(text: bytes) -> int:
    return len(_SKIPS.findall(text.decode("utf-8", "replace")))
