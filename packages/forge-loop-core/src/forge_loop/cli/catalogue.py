"""The commands by name, each with the module it is loaded from and its line of help.

Owns: the table that `--help` prints and that loading goes by, so that neither imports a command. Must not: import one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """`module` is below forge_loop.cli and holds the click command as `attribute`."""

    module: str
    help: str
    attribute: str = "command"


COMMANDS = {
    "demo": Entry(module="demo", help="see the whole loop on a sample repository, offline"),
    "init": Entry(module="init", help="set a project up: forge-loop.yaml, a backlog, a local forge"),
    "doctor": Entry(module="doctor", help="check every precondition"),
    "run": Entry(module="run", help="run the loop in the foreground"),
    "once": Entry(module="run", attribute="once", help="take in what is ready now, and run until it rests"),
    "status": Entry(module="status", help="what the loop does"),
    "explain": Entry(module="explain", help="every reason why an issue is or is not being worked on"),
    "issue": Entry(module="issue", help="the tracker: list, add, show, approve"),
    "attempts": Entry(module="attempts", help="the ledger of attempts"),
    "logs": Entry(module="logs", help="what the sessions on an issue said and did"),
    "diff": Entry(module="diff", help="what the candidate for an issue changes"),
    "critic": Entry(module="critic", help="the critic's verdicts and findings on an issue"),
    "events": Entry(module="events", help="everything that happened, a line of JSON each"),
    "pause": Entry(module="control", attribute="pause", help="start no new job"),
    "resume": Entry(module="control", attribute="resume", help="lift a pause, a parking, a halt"),
    "stop": Entry(module="control", attribute="stop", help="end the loop when its jobs rest, or at once"),
    "kill": Entry(module="control", attribute="kill", help="end the session on an issue; the attempt counts"),
    "retry": Entry(module="retry", help="start an issue again, or end its wait"),
    "skip": Entry(module="control", attribute="skip", help="give an issue up"),
    "queue": Entry(module="queue", help="the queue: list, dead, requeue"),
    "maintenance": Entry(module="maintenance", help="tidy up, and what a session proposes for the backlog"),
    "brief": Entry(module="brief", help="the briefs: show, list, eject, render, check"),
    "config": Entry(module="config", help="the settings: show, check, schema, path"),
    "backup": Entry(module="backup", help="copy the state database while the loop runs"),
    "completion": Entry(module="completion", help="completion for bash, zsh or fish"),
    "version": Entry(module="version", help="the version of this and of what it uses"),
}
