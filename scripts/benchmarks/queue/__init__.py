"""SQLiteQueue next to other queues that need no server, to Redis, to bare sqlite3 statements and to the bare disk.

Absolute figures differ between machines and hours; the ratios of one run hold better. All are measured in one run on
one disk, in interleaved rounds; each figure is the median of the rounds.
"""
