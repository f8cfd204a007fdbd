"""docs/notifications.md says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from forge_loop.config.model import Settings, Sink
from forge_loop.config.strict_yaml import plain_of, read
from forge_loop_integrations.command import command
from forge_loop_integrations.outbox.rows import Purpose
from forge_loop_integrations.routing.classes import NEEDS_HUMAN, OUTCOMES, VARYING
from forge_loop_integrations.sinks import FACTORIES, sinks_of
from forge_loop_integrations.webhook.body import TYPES
from support.tree import ROOT

DOCUMENT = (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8")
ENVIRON = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "HOOK_URL": "https://receiver.example/",
    "HOOK_SECRET": "whsec_Zm9yZ2UtbG9vcC10ZXN0LXNlY3JldC0wMDAx",
}


def row_of(first: str) -> str:
    return next(line for line in DOCUMENT.splitlines() if line.startswith(f"| {first} |"))


@pytest.mark.parametrize(("of", "kinds"), [("needs-human", set(NEEDS_HUMAN)), ("outcome", set(OUTCOMES))])
def test_each_class_lists_its_kinds(of: str, kinds: set[str]) -> None:
    named = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", row_of(of)))
    assert named - VARYING == kinds - VARYING
    assert named & VARYING == (VARYING if of == "needs-human" else {"deploy.finished"})


def test_every_command_is_there() -> None:
    assert {f"notify {name}" for name in command.commands} == set(re.findall(r"`(notify [a-z]+)", DOCUMENT)) - {
        "notify routes --explain"
    }


def test_every_type_of_a_webhook_is_there() -> None:
    assert set(TYPES) == {Purpose.DIGEST, Purpose.REPEAT, Purpose.RESOLVED, Purpose.TEST}
    for name in (*TYPES.values(), "notification.group"):
        assert f"`{name}`" in DOCUMENT


def test_its_examples_are_configurations() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    whole, policy, buttons = examples
    sinks = plain_of(read(whole, source="docs"))
    assert isinstance(sinks, dict)
    for part in (policy, buttons):
        more = plain_of(read(part, source="docs"))
        assert isinstance(more, dict)
        sinks["sinks"]["slack"].update(more)
    settings = Settings(sinks=tuple(Sink(name=name, settings=each) for name, each in sinks["sinks"].items()))
    assert set(sinks_of(settings, Path("/nowhere"), ENVIRON)) <= set(FACTORIES)


def test_its_example_of_a_body_is_json_of_the_right_shape() -> None:
    (body,) = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    assert set(json.loads(body)) == {"type", "timestamp", "data"}
