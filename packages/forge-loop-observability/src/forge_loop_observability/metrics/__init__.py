"""Prometheus metrics, read from the state database at scrape time.

Owns: the metrics' names and labels, the collector, the ways out, the alert rules and the dashboard. Must not: count
anything itself: what is counted stands in the database, so that every process tells the same and a restart loses none.
"""
