"""Metrics, traces and replay for forge-loop.

Owns: what an operator's own tools see of the loop. Must not: write the loop's state, or cost the loop anything that an
operator did not ask for.
"""
