"""The CPU that a command takes from its start to its end, next to a Python that does nothing."""
