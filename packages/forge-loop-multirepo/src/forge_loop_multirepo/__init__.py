"""Many repositories over one pool of slots. Experimental.

Owns: the fleet, its fair slots, the async runner and the pipeline's file. Must not: decide inside one repository.
"""
