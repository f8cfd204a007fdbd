"""Slack, Discord and signed webhooks. Experimental.

Owns: delivering events to chat and webhooks through a durable outbox: `routing` decides, `outbox` keeps, `sender`
sends, `slack`, `discord` and `webhook` are the receivers. Must not: decide anything of the loop, or make it wait.
"""
