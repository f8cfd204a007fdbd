"""Metrics, traces and replay. Experimental; nothing is built yet, so it registers no sink and no command.

Owns, once built: reading the state database for metrics, traces and re-runs. Must not: write to it.
"""
