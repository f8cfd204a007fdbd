"""Forges: where issues live and where pull requests are merged.

Owns: one package per forge, each a Tracker and a CodeHost. Must not: decide anything; the domain does.
"""
