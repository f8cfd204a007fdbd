"""Whether a repository and a token are fit for the loop, and the labels it needs.

Owns: what `doctor` and `init` ask GitHub, creating labels. Must not: change anything else. A probe is a request that is
too incomplete to be carried out; GitHub looks at the permission first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from forge_loop.errors import RefusedError
from forge_loop.forge.github.reading import understood
from forge_loop.forge.github.repository import Repository
from forge_loop.forge.github.wire import Raw

# What a person reads in the token's settings, and a request that needs it and lacks everything else.
_PROBES = (
    ("Issues: write", "/issues"),
    ("Pull requests: write", "/pulls"),
    ("Contents: write", "/git/refs"),
)
_READS = (
    ("Commit statuses: read", "/commits/{sha}/status"),
    ("Actions: read", "/actions/runs?per_page=1"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What stands before a merge to the base. `reviews` is how many people must approve."""

    required: tuple[str, ...]
    up_to_date: bool
    reviews: int
    merge_queue: bool
    methods: frozenset[str]


def missing_labels(repository: Repository, names: Iterable[str]) -> list[str]:
    """Those of `names` that the repository does not have, written exactly so."""
    listed = repository.client.pages(f"{repository.path}/labels") or []
    with understood("the labels"):
        there = {str(entry["name"]) for entry in listed}
    return [name for name in names if name not in there]


def create_label(repository: Repository, name: str, *, colour: str, text: str) -> None:
    """One that is there already is fine."""
    body = {"name": name, "color": colour, "description": text}
    answer = repository.client.write("POST", f"{repository.path}/labels", body, accept=(422,))
    if answer.status == 422 and missing_labels(repository, [name]):
        raise RefusedError(f"GitHub does not create the label {name!r}; is there one that differs only in case?")


def scopes(repository: Repository) -> str | None:
    """The scopes of a classic token; None for another kind, which cannot be looked into."""
    return repository.client.get("/user").headers.get("x-oauth-scopes")


def lacking(repository: Repository, sha: str) -> list[str]:
    """The permissions that the token does not have, as its settings name them."""
    refused = []
    for name, path in _PROBES:
        answer = repository.client.write("POST", repository.path + path, {}, accept=(400, 403, 404, 409, 422))
        refused += [name] if answer.status in (403, 404) else []
    for name, path in _READS:
        answer = repository.client.get(repository.path + path.format(sha=sha), accept=(403, 404))
        refused += [name] if answer.status != 200 else []
    return refused


def rules(repository: Repository, base: str) -> Rules:
    """What rulesets and protection demand of a merge to `base`."""
    quoted = quote(base, safe="")
    listed = repository.client.pages(f"{repository.path}/rules/branches/{quoted}") or []
    branch = repository.client.get(f"{repository.path}/branches/{quoted}")
    whole = repository.client.get(repository.path)
    with understood("the rules of the base"):
        return Rules(
            required=tuple(dict.fromkeys([*_contexts(listed), *_protected(branch)])),
            up_to_date=any(_strict(rule) for rule in listed) or _strictly_protected(branch),
            reviews=max((_reviews(rule) for rule in listed), default=0),
            merge_queue=any(rule["type"] == "merge_queue" for rule in listed),
            methods=frozenset(_methods(whole.data)),
        )


def _contexts(listed: Sequence[Any]) -> list[str]:
    wanted = [rule["parameters"] for rule in listed if rule["type"] == "required_status_checks"]
    return [str(entry["context"]) for parameters in wanted for entry in parameters["required_status_checks"]]


def _strict(rule: Any) -> bool:
    if rule["type"] != "required_status_checks":
        return False
    return bool(rule["parameters"].get("strict_required_status_checks_policy"))


def _reviews(rule: Any) -> int:
    if rule["type"] != "pull_request":
        return 0
    return int((rule.get("parameters") or {}).get("required_approving_review_count", 0))


def _required(branch: Raw) -> Any:
    return (branch.data.get("protection") or {}).get("required_status_checks") or {}


def _protected(branch: Raw) -> list[str]:
    return [str(name) for name in _required(branch).get("contexts") or ()]


def _strictly_protected(branch: Raw) -> bool:
    return bool(_required(branch).get("strict"))


def _methods(data: Any) -> Iterable[str]:
    names = {"allow_squash_merge": "squash", "allow_merge_commit": "merge", "allow_rebase_merge": "rebase"}
    # Who may not administer the repository is not shown these: then nothing is known against any of them.
    return (name for key, name in names.items() if data.get(key, True))
