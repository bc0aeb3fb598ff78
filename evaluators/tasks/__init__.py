"""The proxy tasks, one family per file; `evaluators.registry` finds and imports them."""
