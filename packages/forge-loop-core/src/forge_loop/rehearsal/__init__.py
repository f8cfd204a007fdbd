"""Playing the loop without an account: a scripted model behind the real agent SDK and the real Claude Code.

Owns: the Messages API server on loopback and what `forge-loop demo` plays on it. Must not: be used by a real run.
"""
