"""The statements that change the queue's rows, each safe on its own.

Owns: what each change does to `place`, `due`, `token` and the counts. Must not: run anything.
"""

from __future__ import annotations

PUSH = (
    "INSERT INTO queue_jobs (place, priority, due, key, payload) VALUES (:due IS NOT NULL, :priority, :due, :key,"
    " :payload) ON CONFLICT DO NOTHING"
)
ANY_DUE = "SELECT 1 FROM queue_jobs WHERE place IN (1, 2) AND due <= :now LIMIT 1"
BACK = (
    "UPDATE queue_jobs SET place = CASE WHEN place = 2 AND deliveries >= :limit THEN 3 ELSE 0 END,"
    " reason = CASE place WHEN 2 THEN :reason ELSE reason END, due = NULL, token = NULL, lock = NULL, owner = NULL "
)
BACK_DUE = BACK + "WHERE place IN (1, 2) AND due <= :now"
BACK_FROM = BACK + "WHERE place = 2 AND due IS NOT NULL AND lock = :lock"
# Only while nothing is due that is not yet given back: it might come before the first that is ready.
CLAIM = (
    "UPDATE queue_jobs SET place = 2, due = :until, deliveries = deliveries + 1, token = :token, lock = :lock,"
    " owner = :owner WHERE id = (SELECT id FROM queue_jobs WHERE place = 0 ORDER BY priority, id LIMIT 1)"
    f" AND NOT EXISTS ({ANY_DUE}) RETURNING id, payload, key, priority, deliveries"
)
HELD = " WHERE id = :id AND token = :token AND place = 2 AND due > :now"
ACK = "DELETE FROM queue_jobs" + HELD
NACK = (
    "UPDATE queue_jobs SET place = CASE WHEN deliveries >= :limit THEN 3 ELSE :due IS NOT NULL END,"
    " due = CASE WHEN deliveries >= :limit THEN NULL ELSE :due END, reason = :reason,"
    " token = NULL, lock = NULL, owner = NULL" + HELD
)
RELEASE = (
    "UPDATE queue_jobs SET place = :due IS NOT NULL, due = :due, deliveries = deliveries - 1,"
    " token = NULL, lock = NULL, owner = NULL" + HELD
)
EXTEND = "UPDATE queue_jobs SET due = :until" + HELD
RESCHEDULE = "UPDATE queue_jobs SET place = :due IS NOT NULL, due = :due WHERE key = :key AND place IN (0, 1)"
DEAD_KEY = "SELECT key FROM queue_jobs WHERE id = :id AND place = 3"
LIVE_KEY = "SELECT 1 FROM queue_jobs WHERE key = :key AND place <> 3"
REQUEUE = "UPDATE queue_jobs SET place = 0, deliveries = 0, reason = '' WHERE id = :id"
# `due IS NOT NULL` is true of every leased job; it lets SQLite see that the index of such jobs holds them all.
HOLDERS = "SELECT DISTINCT lock FROM queue_jobs WHERE place = 2 AND due IS NOT NULL"
OUTLOOK = (
    "SELECT EXISTS (SELECT 1 FROM queue_jobs WHERE place = 0) AS ready,"
    " (SELECT min(due) FROM queue_jobs WHERE place = 1 AND due IS NOT NULL) AS delayed_until,"
    " (SELECT min(due) FROM queue_jobs WHERE place = 2 AND due IS NOT NULL) AS leased_until"
)
REACHED = "UPDATE queue_clock SET reached = max(reached, :now)"
MARK = (
    "INSERT INTO queue_clock (id, boot_id, ahead, reached) VALUES (1, :boot_id, :ahead, :reached) ON CONFLICT (id)"
    " DO UPDATE SET boot_id = excluded.boot_id, ahead = excluded.ahead, reached = excluded.reached"
)
