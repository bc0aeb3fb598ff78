"""Examples for the proxy tasks: deterministic, and read without a network."""
