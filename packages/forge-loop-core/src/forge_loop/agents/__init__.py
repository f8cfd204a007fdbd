"""Sessions: a process per session in which the agent SDK drives Claude Code, and the operator's own commands.

Owns: the environment and credential a session gets, the host process and its frames, how a session's end is read, and
that no process of it is left. Must not: import the agent SDK outside `claude.py`, decide what an outcome means for a
job, or pass a credential of the loop to a session.
"""
