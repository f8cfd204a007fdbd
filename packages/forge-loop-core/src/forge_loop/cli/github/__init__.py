"""What the command line does for GitHub alone: setting a project up for it, and its preconditions.

Owns: the words around what GitHub answers. Must not: import the HTTP library before GitHub is asked.
"""
