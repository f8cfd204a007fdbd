"""What people see on GitHub, as docs/github.md shows it: `scripts/readme` writes it, a test compares it.

Owns: an example whose texts are the product's own. Must not: word anything itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from forge_loop.domain import pull_request_text, review_text, status_note
from forge_loop.domain.job import JobState
from forge_loop.domain.pull_request_text import AttemptLine, CheckLine, PullRequestText
from forge_loop.domain.review import Category, Overall
from forge_loop.domain.severity import Severity
from forge_loop.domain.status_note import NoteFacts
from support.readme import between
from support.tree import ROOT

PAGE = ROOT / "docs" / "github.md"
HEAD, BASE = "4be1c0d97a52", "91f0a6f2c3d8"
ATTEMPT = AttemptLine(number=1, outcome="under way", rounds=1)
PULL_REQUEST = PullRequestText(
    issue=42,
    head_sha=HEAD,
    base_sha=BASE,
    summary=(
        "`export` writes UTF-8 with a byte order mark now, so that spreadsheets read names with accents.\n\n"
        "The old flag `--latin1` still works and says that it goes away."
    ),
    criteria=("an exported name with an accent opens correctly in a spreadsheet", "`--latin1` warns"),
    approved=True,
    reviewers=("critic",),
    checks=(
        CheckLine(name="uv run pytest -q", passed=True, seconds=41.2),
        CheckLine(name="uv run mypy", passed=True, seconds=6.8),
    ),
    attempts=(ATTEMPT,),
)


def examples() -> Mapping[str, str]:
    """Each text by what it is."""
    blocked = "the critic blocks it: product: nothing in this repository reads the new backend"
    ended = NoteFacts(
        state=JobState.HANDED_OVER, reason=blocked, pull_request=57, attempts=(replace(ATTEMPT, outcome="handed over"),)
    )
    merged = NoteFacts(
        state=JobState.MERGED,
        reason=f"merged as {HEAD} by pull request 57",
        pull_request=57,
        attempts=(replace(ATTEMPT, outcome="merged"),),
    )
    protected = ("it touches the protected path .github/workflows/ci.yml",)
    return {
        "The pull request, once the critic approved it": pull_request_text.text(PULL_REQUEST),
        "The same when it was opened, touching a protected path": pull_request_text.text(
            replace(PULL_REQUEST, approved=False, reviewers=(), attempts=(), withheld=protected)
        ),
        "The critic's review": review_text.heading(
            "critic", Overall.REQUEST_CHANGES, HEAD, new=1, standing=0, loose=()
        ),
        "A finding, on its line": review_text.finding(
            Severity.SEV2, Category.TESTS, "Nothing tests a name outside Latin-1; the old code would pass as well."
        ),
        "The note on the issue at its end": status_note.text(merged),
        "The note of one that was handed over": status_note.text(ended),
        "A refusal": status_note.refused("eve applied loop:ready and is no approver"),
    }


def shown() -> str:
    """Each as a quotation, which GitHub renders as it renders the text itself."""
    parts = [f"**{name}:**\n\n{_quoted(text)}" for name, text in examples().items()]
    return "\n\n".join(parts)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.rstrip().splitlines())


def with_examples(text: str) -> str:
    return between(text, "examples", shown())


if __name__ == "__main__":
    PAGE.write_text(with_examples(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
