"""The facts and decisions of the loop, pure.

Owns: what the loop talks about (issue, approval, job, attempt, session, verdict, event) and every decision about it.
Must not: do I/O, read a clock, draw a random number. `now` is an argument; the runner does what a decision says.
"""
