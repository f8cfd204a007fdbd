"""The briefs of the four roles, built in or the operator's own.

Owns: which names each role's brief may use, where its text comes from, its hash. Must not: gather values.

An override is `<role>.md.tmpl` in the operator's directory. Texts are read once, when a Briefs is made: a rendered
brief and its hash always belong together, and an edit takes effect with the next Briefs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from forge_loop.briefs.template import Template
from forge_loop.domain.session import Role
from forge_loop.errors import BriefError

SUFFIX = ".md.tmpl"
BUILT_IN = "built in"
MOST_BYTES = 256 * 1024

_ISSUE = frozenset({"issue_number", "issue_title", "issue_text"})
_SEEN = frozenset({"check_results", "earlier_findings"})

NAMES: Mapping[Role, frozenset[str]] = MappingProxyType(
    {
        Role.WORKER: _ISSUE | {"base_branch", "branch", "checks", "earlier_attempts", "repository_notes"},
        Role.CRITIC: _ISSUE | {"base_sha", "head_sha", "diff", "delta", "block_on", "node_outputs"} | _SEEN,
        Role.PO: _ISSUE | {"score_missing"},
        Role.MAINTENANCE: frozenset({"issues", "max_proposals"}),
    }
)


class Briefs:
    """The templates of all roles. A template that cannot be used is told by `check` and raised by everything else."""

    def __init__(self, overrides: Path | None = None) -> None:
        self._templates: dict[Role, Template] = {}
        self._unreadable: dict[Role, str] = {}
        self._strangers = _strangers(overrides)
        for role in Role:
            try:
                self._templates[role] = _template(role, overrides)
            except BriefError as error:
                self._unreadable[role] = error.message

    def roles(self) -> tuple[str, ...]:
        return tuple(str(role) for role in Role)

    def render(self, role: Role | str, values: Mapping[str, str]) -> str:
        """The brief with `values` put in verbatim, in one pass. `values` holds exactly NAMES[role]."""
        return self._template(role).render(values)

    def source(self, role: Role | str) -> str:
        """The template's text."""
        return self._template(role).text

    def sha256(self, role: Role | str) -> str:
        """The SHA-256 of the template's text in UTF-8, as hex: what a verdict is bound to."""
        return hashlib.sha256(self.source(role).encode()).hexdigest()

    def origin(self, role: Role | str) -> str:
        """`built in`, or the path of the operator's file."""
        origin = self._template(role).origin
        return BUILT_IN if origin.startswith(BUILT_IN) else origin

    def check(self) -> list[str]:
        """Every problem of every template, each `file:line: what`; empty if all can be used."""
        problems = [*self._unreadable.values(), *self._strangers]
        for template in self._templates.values():
            problems.extend(template.problems())
        return problems

    def _template(self, role: Role | str) -> Template:
        known = {str(member): member for member in Role}
        if str(role) not in known:
            raise BriefError(f"no such role: {str(role)!r}", hint=f"one of {', '.join(known)}")
        found = known[str(role)]
        if found in self._unreadable:
            raise BriefError(self._unreadable[found])
        return self._templates[found]


def own_brief(text: str, origin: str) -> Template:
    """A reviewer's own brief: any text with the critic's names. Its `problems` are told with `origin`."""
    return Template(text=text, origin=origin, names=NAMES[Role.CRITIC])


def _template(role: Role, overrides: Path | None) -> Template:
    own = overrides / f"{role}{SUFFIX}" if overrides is not None else None
    if own is not None and _is_there(own):
        return Template(text=_text_of(own), origin=str(own), names=NAMES[role])
    built_in = resources.files("forge_loop.briefs") / f"{role}{SUFFIX}"
    return Template(text=built_in.read_text("utf-8"), origin=f"{BUILT_IN} {role}{SUFFIX}", names=NAMES[role])


def _is_there(path: Path) -> bool:
    """Whether there is anything to read; what cannot be looked at counts, so that reading it tells why."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _text_of(path: Path) -> str:
    try:
        if not path.is_file():
            raise BriefError(f"{path}: not a regular file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content.decode()
    except OSError as error:
        raise BriefError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BriefError(f"{path}:{line}: not UTF-8") from None
    if len(content) > MOST_BYTES or not text.strip():
        raise BriefError(f"{path}: empty" if not text.strip() else f"{path}: larger than {MOST_BYTES} bytes")
    return text


def _strangers(overrides: Path | None) -> tuple[str, ...]:
    """Templates in the operator's directory that no role reads: a misspelt name would silently do nothing."""
    if overrides is None or not _is_there(overrides):
        return ()
    known = {f"{role}{SUFFIX}" for role in Role}
    try:
        found = sorted(path for path in overrides.iterdir() if path.name.endswith(SUFFIX) and path.name not in known)
    except OSError as error:
        return (f"{overrides}: {error.strerror}",)
    return tuple(f"{path}: no role reads this; the roles are {', '.join(Role)}" for path in found)
