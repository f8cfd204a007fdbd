"""forge-loop: an autonomous dispatcher for Claude Code."""

__version__ = "0.1.0"
