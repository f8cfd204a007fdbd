"""`control.git`: the loop's own bare repository.

Owns: fetching from the code host, reading commits, merging, pushing by commit id, keeping itself packed. Must not: be
written by anything but the loop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from forge_loop.errors import GitError, RefusedError
from forge_loop.git.access import Access, not_let_in
from forge_loop.git.bare import drop_leftovers, drop_stale_locks, new_bare
from forge_loop.git.command import Answer, Git, is_sha
from forge_loop.git.merge import MergeConflict, squash
from forge_loop.git.names import branch_ref
from forge_loop.ports import MergeResult

HARVESTED = "refs/forge/"
MERGE_MESSAGE = "Merge the candidate into base"
MOST_PACKS = 20
MOST_LOOSE = 1000
# How a host says no; what else fails (a lock, a full disk) may pass.
_NO = ("[rejected]", "declined", "refusing to allow")


class ControlRepository:
    """A bare repository at `path` that follows the code host at `url`. Safe to use from several threads."""

    def __init__(self, path: Path, url: str, *, access: Access | None = None) -> None:
        self.path = path
        self.url = url
        self._access = access or Access()
        # Every fetch keeps one pack: a clone copies packs, and loose objects make that slow.
        self.git = Git(path, settings=("fetch.unpackLimit=1",))
        self._refs = threading.Lock()
        self._objects = threading.Lock()

    def copying(self) -> AbstractContextManager[bool]:
        """Held while the object files are copied, so that no repacking moves them meanwhile."""
        return self._objects

    def fetch(self) -> None:
        """Take the host's branches; those that are gone there go here too."""
        with self._refs:
            self._ensure()
            drop_stale_locks(self.path)
            words = ("--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
            self._at_host("fetch", *words, self.url, "+refs/heads/*:refs/heads/*", settings=("fetch.unpackLimit=1",))

    def _at_host(self, *words: str, settings: Sequence[str] = (), accept: Sequence[int] = (0,)) -> Answer:
        """A command that speaks to the host, as the one whose token is used there."""
        git = Git(self.path, settings=(*settings, *self._access.settings))
        try:
            return git.run(*words, accept=accept, environment=self._access.environment)
        except GitError as error:
            raise not_let_in(error, self.url) or error from None

    def commit_exists(self, sha: str) -> bool:
        return (
            is_sha(sha) and self.path.is_dir() and self.git.run("cat-file", "-t", sha, accept=(0, 128)).text == "commit"
        )

    def is_ancestor(self, ancestor: str, sha: str) -> bool:
        return self.git.holds("merge-base", "--is-ancestor", ancestor, sha)

    def take(self, source: Path, *, into: str) -> None:
        """Fetch the one ref `refs/heads/candidate` of `source`, with every new object checked by git's own fsck."""
        words = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
        checked = Git(self.path, settings=("fetch.unpackLimit=1", "transfer.fsckObjects=true"))
        with self._refs:
            checked.run("fetch", *words, str(source), f"+refs/heads/candidate:{into}")

    def merge_result(self, *, base_sha: str, head_sha: str) -> MergeResult:
        """The squash of the two. It hangs on no ref: repacking keeps such commits for two weeks."""
        outcome = squash(self.git, base_sha=base_sha, head_sha=head_sha, message=MERGE_MESSAGE)
        if isinstance(outcome, MergeConflict):
            return MergeResult(commit=None, conflicts=outcome.paths)
        return MergeResult(commit=outcome)

    def diff(self, *, base_sha: str, head_sha: str) -> str:
        answer = self.git.run("diff", "--no-ext-diff", "--no-textconv", f"{base_sha}...{head_sha}", "--")
        return answer.stdout.decode("utf-8", "replace")

    def read_file(self, *, sha: str, path: str) -> str | None:
        for entry in self.git.run("ls-tree", "-z", "--full-tree", sha, "--", path).fields:
            about, name = entry.split(b"\t", 1)
            mode, _, blob = about.decode().split()
            if name == path.encode() and mode in ("100644", "100755"):
                return self.git.run("cat-file", "blob", blob).stdout.decode("utf-8", "replace")
        return None

    def push(self, *, sha: str, branch: str, expected: str | None) -> None:
        """Raises RefusedError when the branch is not at `expected`, GitError when the push itself failed."""
        ref = branch_ref(branch)
        if not self.commit_exists(sha):
            raise RefusedError(f"{sha!r} is no commit of the loop's repository")
        lease = f"--force-with-lease={ref}:{expected or ''}"
        words = ("push", "--quiet", "--porcelain", "--no-verify", "--no-follow-tags", lease, self.url, f"{sha}:{ref}")
        answer = self._at_host(*words, accept=(0, 1))
        if answer.status:
            raise _refusal(answer, branch, expected) or GitError(words, answer.status, answer.stderr or answer.text)

    def prune(self, keep: Callable[[str], bool]) -> int:
        """Drop the harvested refs whose name `keep` refuses, then repack if that is worth it."""
        if not self.path.is_dir():
            return 0
        refs = self.git.text("for-each-ref", "--format=%(refname)", HARVESTED).splitlines()
        dropped = [ref for ref in refs if not keep(ref.removeprefix(HARVESTED))]
        with self._refs:
            commands = "".join(f"delete {ref}\n" for ref in dropped)
            self.git.run("update-ref", "--stdin", stdin=commands.encode())
        drop_leftovers(self.path)
        self._repack_if_untidy()
        return len(dropped)

    def _repack_if_untidy(self) -> None:
        counts = dict(line.split(": ") for line in self.git.text("count-objects", "-v").splitlines())
        if int(counts["packs"]) > MOST_PACKS or int(counts["count"]) > MOST_LOOSE:
            with self._refs, self._objects:
                self.git.run("repack", "-A", "-d", "--quiet", "--unpack-unreachable=2.weeks.ago")
                self.git.run("prune", "--expire=2.weeks.ago")
                self.git.run("pack-refs", "--all")

    def _ensure(self) -> None:
        if not self.path.is_dir():
            new_bare(self.path).rename(self.path)


def _refusal(answer: Answer, branch: str, expected: str | None) -> RefusedError | None:
    """The host's own no, told from a failure on the way (a lock, a full disk), which may pass."""
    lines = [line for line in answer.text.splitlines() if line.startswith("!")]
    refused = [line for line in lines if any(word in line for word in _NO)]
    if not refused:
        return None
    place = f"at {expected}" if expected else "absent"
    return RefusedError(f"the branch {branch!r} was expected {place}; the push was refused: {refused[0]!r}")
