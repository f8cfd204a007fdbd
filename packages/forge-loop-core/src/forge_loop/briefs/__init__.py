"""What each role is told: the templates and their strict rendering.

Owns: the four briefs, the closed set of names in each, the delimiters around data. Must not: gather the values.
"""

from forge_loop.briefs.data import data_block
from forge_loop.briefs.render import NAMES, Briefs, own_brief

__all__ = ["NAMES", "Briefs", "data_block", "own_brief"]
