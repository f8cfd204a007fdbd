"""Past sessions: what each was given, what today's rules make of what it answered, and running one again.

Owns: `forge-loop replay`. Must not: change what is recorded, or reach the tracker or the code host.
"""
