"""Posting to the operator's own receiver.

Owns: what each HTTP status means there, the section `sinks.webhook`. Must not: follow a redirect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from forge_loop import ConfigError, EventSink, SinkSetup
from forge_loop_integrations.address import RefusedAddress, check_url
from forge_loop_integrations.channels import Answer, Delivered, Gone, Refused, Retry
from forge_loop_integrations.outbox import MatterRow, Message
from forge_loop_integrations.outbox.box import Now
from forge_loop_integrations.policy import take_policy
from forge_loop_integrations.posting import TIMEOUT, NoAnswer, Poster, Reply
from forge_loop_integrations.routing import Send
from forge_loop_integrations.secret import Secret
from forge_loop_integrations.section import Section, secrets, truth
from forge_loop_integrations.sink import OutboxSink, now
from forge_loop_integrations.webhook.body import body_of
from forge_loop_integrations.webhook.signing import headers, key_of

ABOUT = "Standard Webhooks: one signed request per message"
LATER = frozenset({408, 425, 429})


class WebhookChannel:
    """Posts signed messages. The secrets are read anew for each: a rotated one is used at once."""

    def __init__(
        self,
        *,
        url: Secret,
        secrets: tuple[Secret, ...],
        environ: Mapping[str, str],
        private: bool,
        clock: Now = now,
        timeout: float = TIMEOUT,
    ) -> None:
        self._url = url
        self._secrets = secrets
        self._environ = environ
        self._clock = clock
        self._poster = Poster(private=private, timeout=timeout)

    def deliver(self, message: Message, matter: MatterRow, keep: Callable[[str], None]) -> Answer:  # noqa: ARG002
        body = body_of(message, matter)
        keys = [key_of(each.read(self._environ)) for each in self._secrets]
        signed = headers(message.id, int(self._clock().timestamp()), body, keys)
        try:
            reply = self._poster.send(
                "POST", self._url.read(self._environ), body, {**signed, "content-type": "application/json"}
            )
        except NoAnswer as error:
            return Retry(reason=str(error))
        except RefusedAddress as error:
            return Gone(reason=error.message)
        return answer_of(reply)

    def close(self) -> None:
        """Every message has a connection of its own."""


def answer_of(reply: Reply) -> Answer:
    """Standard Webhooks: 2xx is success, 410 is the end, everything else a failure; a redirect is never followed."""
    status = reply.status
    if reply.ok:
        return Delivered(status=status)
    if status == 410:
        return Gone(reason="it answered 410: it wants nothing any more", status=status)
    if 300 <= status < 400:
        return Retry(reason=f"it answered {status}: redirects are not followed", status=status, after=reply.retry_after)
    if status in LATER or status >= 500:
        return Retry(reason=f"it answered {status}", status=status, after=reply.retry_after)
    return Refused(reason=f"it answered {status}", status=status)


def webhook_sink(setup: SinkSetup) -> EventSink:
    """`sinks.webhook`. Raises ConfigError with every problem."""
    section = Section(f"sinks.{setup.name}", setup.section, [])
    url = section.secret("url", needed=True)
    if not section.has("secret"):
        section.problem("secret", "is missing: env:NAME or file:/PATH of whsec_...; several while one is replaced")
    signing = section.take("secret", secrets, ())
    private = section.take("allow_private", truth, False)
    policy = take_policy(section, setup.name, sends=frozenset(Send) - {Send.UPDATE})
    section.end()
    section.readable("url", [url] if url is not None else [], setup.environ, check_url)
    section.readable("secret", signing, setup.environ, key_of)
    if section.problems or url is None:
        raise ConfigError(section.problems)
    make = partial(WebhookChannel, url=url, secrets=signing, environ=setup.environ, private=private)
    return OutboxSink(policy, setup.state_dir, lambda _box, _wake: make(), about=ABOUT)
