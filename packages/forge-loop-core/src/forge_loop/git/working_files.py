"""Whether a workspace holds work that is not in its commit.

Owns: that one answer. Must not: use anything of the workspace's own git directory.

Only git knows git's ignore rules, so git compares; but with the loop's repository, a fresh index and the loop's
configuration. Of the workspace it reads plain files, `.gitignore` and `.gitattributes`. Neither can run anything: a
filter, a driver or a file monitor needs configuration to be a command, and there is only ours.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from forge_loop.git.command import Git
from forge_loop.git.walking import walk

_RULES = frozenset({".gitignore", ".gitattributes"})


def has_uncommitted(control: Path, workspace: Path, sha: str) -> bool:
    """Whether files differ from the commit or stand there unknown to it and not ignored."""
    if _rules_are_traps(workspace):
        return True
    with TemporaryDirectory(prefix=".index-", dir=control) as directory:
        places = {"GIT_INDEX_FILE": str(Path(directory, "index")), "GIT_WORK_TREE": str(workspace)}
        git = Git(control, settings=("core.untrackedCache=false",))
        git.run("read-tree", sha, environment=places)
        # Not `status`: it would run a second git inside submodules, with the configuration that stands there.
        words = ("--modified", "--others", "--exclude-standard", "--directory", "--no-empty-directory", "-z")
        return bool(git.run("ls-files", *words, environment=places).stdout)


def _rules_are_traps(workspace: Path) -> bool:
    """Whether a file of rules is a pipe or the like: git would open it and wait."""
    for directory, _, files in walk(workspace):
        for name in _RULES.intersection(files):
            entry = Path(directory, name)
            if not entry.is_symlink() and not entry.is_file():
                return True
    return False
