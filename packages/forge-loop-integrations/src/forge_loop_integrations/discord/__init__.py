"""Discord, through a channel's webhook: one embed per issue, changed by its id, nobody mentioned.

Owns: embeds, the webhook's answers. Must not: decide when.
"""

from forge_loop_integrations.discord.channel import discord_sink

__all__ = ["discord_sink"]
