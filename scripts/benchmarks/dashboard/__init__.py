"""What the dashboard takes over a large state: each page and address next to the least that the server can answer, and
what many open pages cost while events come."""
