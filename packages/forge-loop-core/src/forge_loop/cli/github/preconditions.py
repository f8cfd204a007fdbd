"""What must hold at GitHub before the loop can work there: the token, its permissions, labels, the rules of the base.

Owns: those checks of `doctor`. Must not: change anything there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from forge_loop.cli.situation import Finding, Situation, fail, ok, warn
from forge_loop.config.model import ForgeKind
from forge_loop.errors import GitError
from forge_loop.forge.local.origin import git_of
from forge_loop.git.command import Git

SETTINGS_PAGE = "the token's settings on GitHub"
RULES_PAGE = "a rule for the branch: require checks, and that branches are up to date"
PROBE = "refs/heads/forge/doctor"

Check = Callable[[Situation], Finding]


def _on_github(check: Check) -> Check:
    def look(situation: Situation) -> Finding:
        if situation.project.settings.forge is not ForgeKind.GITHUB:
            return ok("not needed: the forge is local")
        return check(situation)

    return look


@_on_github
def _github(situation: Situation) -> Finding:
    """Whose token it is, where it comes from, and whether it sees the repository."""
    from forge_loop.forge.github.survey import scopes

    hub = situation.github
    me, facts, known = hub.repository.me(), hub.repository.facts(), scopes(hub.repository)
    kind = f", scopes {known or 'none'}" if known is not None else ""
    said = f"{me.login} by {hub.token.source}{kind}; sees {facts.full_name}"
    if facts.full_name.casefold() != hub.place.full_name.casefold():
        return warn(f"{said}, which {hub.place.full_name} is called now", f"repository: {facts.full_name}")
    if me.bot and situation.project.settings.approvers == ("me",):
        return fail(f"{said}; a bot approves nothing, and approvers names nobody else", "approvers: [YOUR-LOGIN]")
    if hub.token.source == "gh auth token":
        return warn(
            f"{said}; gh's own token reaches all your repositories", "a fine-grained token in GH_TOKEN: docs/github.md"
        )
    return ok(said)


@_on_github
def _permissions(situation: Situation) -> Finding:
    """What the account may do there, and what the token may."""
    from forge_loop.forge.github.survey import lacking

    hub, base = situation.github, situation.base
    if "push" not in hub.repository.facts().may:
        return fail(f"{hub.repository.me().login} may not push to {hub.place.full_name}", "the role Write or more")
    host = hub.code_host(base)
    sha = host.base_sha(base)
    missing = lacking(hub.repository, sha)
    if missing:
        return fail(f"the token lacks: {', '.join(missing)}", SETTINGS_PAGE)
    problem = _push_problem(situation)
    return problem or ok("issues, pull requests, statuses, Actions, and pushing")


def _push_problem(situation: Situation) -> Finding | None:
    """A push that git only rehearses: everything but the last word is said."""
    hub = situation.github
    access = hub.access(situation.given.environ)
    git = Git(git_of(situation.directory).place, settings=access.settings, timeout=60.0)
    words = ("push", "--dry-run", "--quiet", "--no-verify", hub.place.git, f"refs/heads/{situation.base}:{PROBE}")
    try:
        git.run(*words, environment=access.environment)
    except GitError as error:
        said = error.output.strip().splitlines() or ["it says nothing"]
        return fail(f"git cannot push there: {said[-1]}", "Contents: write")
    return None


@_on_github
def _labels(situation: Situation) -> Finding:
    from forge_loop.forge.github.survey import missing_labels

    labels = situation.project.settings.labels
    wanted = (labels.ready, labels.blocked, labels.risk, labels.needs_human)
    missing = missing_labels(situation.github.repository, wanted)
    if missing:
        return warn(f"not there yet: {', '.join(missing)}", "forge-loop init --forge github --create-labels --force")
    return ok(", ".join(wanted))


@_on_github
def _rules(situation: Situation) -> Finding:
    """What GitHub demands of a merge, and whether the loop can meet it."""
    from forge_loop.forge.github.survey import rules

    found, settings = rules(situation.github.repository, situation.base), situation.project.settings
    if str(settings.merge.method) not in found.methods:
        allowed = ", ".join(sorted(found.methods))
        return fail(f"{settings.merge.method} merges are not allowed there", f"merge.method: one of {allowed}")
    if found.merge_queue:
        return warn("a merge queue is required: what is approved is handed to you", "merge.mode: manual")
    if found.reviews:
        people = f"{found.reviews} approving reviews of people are required"
        return warn(f"{people}: what is approved is handed to you", "merge.mode: manual")
    if not found.required:
        return warn(f"no check is required on {situation.base}: only the loop's own stand before a merge", RULES_PAGE)
    said = f"required on {situation.base}: {', '.join(found.required)}"
    if not found.up_to_date:
        return warn(f"{said}; the base may move between the last look and the merge", RULES_PAGE)
    return ok(f"{said}; up to date with it")


@_on_github
def _host_checks(situation: Situation) -> Finding:
    """Whether check runs can be seen: a fine-grained token may not, on a private repository."""
    host = situation.github.code_host(situation.base)
    if host.sees_check_runs(host.base_sha(situation.base)):
        return ok("check runs and statuses are seen")
    return warn(
        "this token may not see check runs: only Actions and commit statuses count, and a check of another App that "
        "is required stops a merge",
        "a classic token (repo), if other Apps' checks matter",
    )


GITHUB: Mapping[str, Check] = {
    "github": _github,
    "permissions": _permissions,
    "labels": _labels,
    "rules": _rules,
    "host-checks": _host_checks,
}
