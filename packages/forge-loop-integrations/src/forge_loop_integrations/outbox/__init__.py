"""The outbox: messages in a SQLite file beside the loop's, from the event until the receiver has them.

Owns: the tables, which message is due, what an answer makes of one. Must not: send, or know how a message looks.
"""

from forge_loop_integrations.outbox.box import Outbox, open_outbox
from forge_loop_integrations.outbox.rows import MatterRow, Message, Purpose, SinkRow, State

__all__ = ["MatterRow", "Message", "Outbox", "Purpose", "SinkRow", "State", "open_outbox"]
