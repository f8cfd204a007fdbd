"""Tests of the paths that are never merged without a person."""

from __future__ import annotations

import pytest

from forge_loop.git.protected import protected_paths


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        ".claude/settings.json",
        "packages/one/.claude/agents/x.md",
        "CLAUDE.md",
        "claude.MD",
        "docs/CLAUDE.md",
        "AGENTS.md",
        ".mcp.json",
        ".gitmodules",
        "sub/.gitattributes",
        "CODEOWNERS",
        "docs/CODEOWNERS",
        "forge-loop.yaml",
        ".forge-loop/briefs/worker.md.tmpl",
        "backlog/tasks/task-1 - A.md",
        "backlog",
        ".github",
    ],
)
def test_the_built_in_paths_are_protected(path: str) -> None:
    assert protected_paths([path], ()) == (path,)


@pytest.mark.parametrize(
    "path", ["src/github/a.py", "CLAUDE.md.txt", "MYCLAUDE.md", "docs/backlog.md", "src/forge-loop.yaml", "xgithub/a"]
)
def test_paths_that_only_look_like_them_are_not(path: str) -> None:
    assert protected_paths([path], ()) == ()


@pytest.mark.parametrize(
    ("pattern", "hits", "misses"),
    [
        ("infra/**", ["infra/a", "infra/b/c", "infra"], ["src/infra/a", "infrared"]),
        ("secrets", ["secrets", "a/secrets", "secrets/b"], ["secretsfile"]),
        ("*.tf", ["a.tf", "x/y/b.tf"], ["a.tfx"]),
        ("deploy/*.sh", ["deploy/a.sh"], ["deploy/x/a.sh", "a.sh"]),
        ("/setup.?y", ["setup.py"], ["setup.ppy", "a/setup.py"]),
        ("db/", ["db/schema.sql"], ["src/db.py"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["a/bz"]),
        ("a+b/**", ["a+b/c"], ["aab/c"]),
    ],
)
def test_an_extra_pattern_matches_as_documented(pattern: str, hits: list[str], misses: list[str]) -> None:
    assert protected_paths([*hits, *misses], [pattern]) == tuple(hits)
