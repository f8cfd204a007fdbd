"""The operator's settings: their schema (model) and where they come from (load).

Owns: sections, defaults, layers, origins, every problem at once. Must not: act on a setting.
"""
