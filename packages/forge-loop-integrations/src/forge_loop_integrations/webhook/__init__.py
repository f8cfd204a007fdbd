"""The signed webhook: Standard Webhooks 1.0.0 (https://www.standardwebhooks.com).

Owns: what is posted and what the answer means. Must not: decide when.
"""

from forge_loop_integrations.webhook.channel import WebhookChannel, webhook_sink

__all__ = ["WebhookChannel", "webhook_sink"]
