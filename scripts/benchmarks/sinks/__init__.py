"""What sinks cost the loop: its own CPU for a few issues, and what each sink adds to it for the same events."""
