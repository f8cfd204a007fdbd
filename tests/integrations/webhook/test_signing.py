"""Signatures, with the standardwebhooks library as the judge."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from forge_loop.errors import OperatorError
from forge_loop_integrations.webhook.signing import headers, key_of

SECRET = "whsec_Zm9yZ2UtbG9vcC10ZXN0LXNlY3JldC0wMDAx"
OTHER = "whsec_" + base64.b64encode(b"another secret of good length").decode()
BODY = b'{"type":"pr.merged","timestamp":"2026-01-01T00:00:00Z","data":{"issue":42,"pr":7}}'


def now() -> int:
    return int(datetime.now(UTC).timestamp())


def test_the_published_vector_is_met() -> None:
    assert headers("msg_01TEST", 1767225600, BODY, [key_of(SECRET)]) == {
        "webhook-id": "msg_01TEST",
        "webhook-timestamp": "1767225600",
        "webhook-signature": "v1,/CEkVpT4lJp+xOClHryJ/PZAvQ8TGiG8GCUGvmK7oAA=",
    }


@given(st.binary(max_size=300))
def test_the_library_verifies_what_is_signed(body: bytes) -> None:
    body = b'{"x":"' + base64.b64encode(body) + b'"}'
    signed = headers("msg_x", now(), body, [key_of(SECRET)])
    assert Webhook(SECRET).verify(body, signed)


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_while_a_secret_is_replaced_both_verify(secret: str) -> None:
    signed = headers("msg_x", now(), BODY, [key_of(SECRET), key_of(OTHER)])
    assert Webhook(secret).verify(BODY, signed)


def test_a_body_changed_by_one_byte_does_not_verify() -> None:
    signed = headers("msg_x", now(), BODY, [key_of(SECRET)])
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY.replace(b"42", b"43"), signed)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_***", "whsec_c2hvcnQ=", "whsec_" + "A" * 200])
def test_a_secret_that_is_none_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(OperatorError) as refused:
        key_of(secret)
    assert secret[6:] == "" or secret[6:] not in str(refused.value)
