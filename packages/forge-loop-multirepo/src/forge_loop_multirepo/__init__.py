"""Many repositories over one pool of slots. Experimental; nothing is built yet, so it registers no command.

Owns, once built: the fleet, its fair slots, the async runner and the pipeline. Must not: decide inside one repository.
"""
