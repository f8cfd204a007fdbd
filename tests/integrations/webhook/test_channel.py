"""The webhook over the wire: what each answer means, and that a receiver can trust what it gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from forge_loop_integrations.channels import Delivered, Gone, Refused, Retry
from forge_loop_integrations.outbox import MatterRow, Message
from forge_loop_integrations.secret import Secret
from forge_loop_integrations.webhook import WebhookChannel
from support.messages import HOSTILE, post
from support.receivers import Receiver, Reply, in_turn, receiving

OLD = "whsec_Zm9yZ2UtbG9vcC10ZXN0LXNlY3JldC0wMDAx"
NEW = "whsec_Zm9yZ2UtbG9vcC10ZXN0LXNlY3JldC0wMDAy"
MATTER = MatterRow(key="issue:42", title="Say hello")


def kept(_remote: str) -> None:
    raise AssertionError("a webhook has nothing to update")


@pytest.fixture
def message(tmp_path: Path) -> Iterator[Message]:
    with post(tmp_path) as desk:
        desk.take(desk.log.handed_over())
        desk.drain()
        yield desk.receiver.got[0]


def channel(receiver: Receiver, *, private: bool = True) -> WebhookChannel:
    return WebhookChannel(
        url=Secret("env:URL"),
        secrets=(Secret("env:NEW"), Secret("env:OLD")),
        environ={"URL": f"{receiver.url}/hook", "OLD": OLD, "NEW": NEW},
        private=private,
    )


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_what_arrives_verifies_with_either_secret(message: Message, secret: str) -> None:
    with receiving(in_turn(Reply(status=204))) as receiver:
        sending = channel(receiver)
        assert sending.deliver(message, MATTER, kept) == Delivered(status=204)
        sending.close()
        (request,) = receiver.requests
        assert Webhook(secret).verify(request.body, dict(request.headers))
        assert request.headers["webhook-id"] == message.id
        assert "." not in message.id
        assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_titles_arrive_signed_and_short(message: Message, title: str) -> None:
    with receiving(in_turn(Reply())) as receiver:
        sending = channel(receiver)
        sending.deliver(message, MatterRow(key="issue:42", title=title), kept)
        sending.close()
        assert Webhook(NEW).verify(receiver.requests[0].body, dict(receiver.requests[0].headers))
        assert len(receiver.requests[0].body) < 20_000


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (Reply(status=200), Delivered(status=200)),
        (Reply(status=299), Delivered(status=299)),
        (Reply(status=302, headers={"location": "/x"}), Retry),
        (Reply(status=304), Retry),
        (Reply(status=400), Refused),
        (Reply(status=401), Refused),
        (Reply(status=404), Refused),
        (Reply(status=408), Retry),
        (Reply(status=410), Gone),
        (Reply(status=425), Retry),
        (Reply(status=429, headers={"retry-after": "7"}), Retry(reason="it answered 429", status=429, after=7)),
        (Reply(status=500), Retry),
        (Reply(status=502), Retry),
        (Reply(status=503, headers={"retry-after": "9"}), Retry(reason="it answered 503", status=503, after=9)),
        (Reply(fault="drop"), Retry),
        (Reply(fault="cut", body=b"x"), Retry),
    ],
)
def test_what_each_answer_means(message: Message, reply: Reply, answer: object) -> None:
    with receiving(in_turn(reply)) as receiver:
        sending = channel(receiver)
        found = sending.deliver(message, MATTER, kept)
        sending.close()
        assert isinstance(found, answer) if isinstance(answer, type) else found == answer


def test_a_private_address_is_refused_unless_it_is_allowed_and_nothing_is_sent(message: Message) -> None:
    with receiving(in_turn(Reply())) as receiver:
        sending = channel(receiver, private=False)
        found = sending.deliver(message, MATTER, kept)
        sending.close()
        assert isinstance(found, Gone)
        assert "not a public address" in found.reason
        assert receiver.requests == []
