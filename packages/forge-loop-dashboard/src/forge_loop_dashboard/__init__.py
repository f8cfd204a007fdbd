"""The operator's web page: what runs, what needs you, why an issue does not move, and the button for it. Experimental.

Owns: the page, its live stream, its JSON API. Must not: write anything but operator requests and the operator's own
approval, decide anything, or be needed by the loop: it is a process of its own that reads the database.
"""
