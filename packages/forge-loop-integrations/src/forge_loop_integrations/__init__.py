"""Slack, Discord and signed webhooks. Experimental; nothing is built yet, so it registers no sink and no command.

Owns, once built: delivering events to chat and webhooks through a durable outbox. Must not: decide anything of the
loop.
"""
