"""GitHub's own command line reads what the adapters wrote. Needs `gh`: apt install gh."""

from __future__ import annotations

from pathlib import Path

from forge_loop.domain.remarks import LineRemark
from support.fake_github import serving
from support.gh import Gh
from support.github_parts import parts_of
from support.repositories import BASE


def test_gh_reads_the_note_the_label_the_pull_request_and_its_findings(tmp_path: Path) -> None:
    with serving(tmp_path / "hub") as hub:
        gh, parts = Gh(hub, tmp_path), parts_of(hub)
        number = hub.person_adds("First", "text")
        parts.tracker.post_note(number, "job-1", "handed over: it is yours")
        parts.tracker.add_label(number, "loop:needs-human")
        sha = hub.person_pushes("forge/1-1", {"a": "1"})
        pull = parts.host.open_pull_request(branch="forge/1-1", base=BASE, title="Do it", body="For issue #1.")
        line = LineRemark(file="a", line=1, text="mend it")
        parts.host.conversation().post_review(pull.number, key="review-1", sha=sha, text="One finding.", lines=[line])
        parts.close()

        (comment,) = gh.read(f"issues/{number}/comments")
        assert "handed over: it is yours" in comment["body"]
        assert [label["name"] for label in gh.read(f"issues/{number}")["labels"]] == ["loop:needs-human"]
        shown = gh.read(f"pulls/{pull.number}")
        assert (shown["title"], shown["head"]["sha"]) == ("Do it", sha)
        (finding,) = gh.read(f"pulls/{pull.number}/comments")
        assert (finding["path"], finding["line"], finding["body"]) == ("a", 1, "mend it")


def test_gh_follows_the_pages_that_the_adapters_follow(tmp_path: Path) -> None:
    with serving(tmp_path / "hub") as hub:
        for count in range(130):
            hub.person_adds(f"Issue {count}", "text")
        listed = Gh(hub, tmp_path).run(
            "api", "--paginate", f"repos/{hub.full_name}/issues?per_page=100", "--jq", ".[].number"
        )
        assert len(set(listed.split())) == 130
