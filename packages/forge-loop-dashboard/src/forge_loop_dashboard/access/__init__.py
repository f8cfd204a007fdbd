"""Who may look and who may ask: the token, the cookie, and the gate that every request passes.

Owns: that. Must not: know a page.
"""
