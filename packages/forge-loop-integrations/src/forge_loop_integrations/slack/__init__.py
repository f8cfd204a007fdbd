"""Slack: one message per issue, changed in place, its details in its thread; or, as the lesser mode, a plain webhook.

Owns: Block Kit, the Web API, buttons over Socket Mode. Must not: decide when.
"""

from forge_loop_integrations.slack.section import slack_sink

__all__ = ["slack_sink"]
