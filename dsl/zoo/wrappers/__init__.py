"""Rules around rules: clipping, schedules, masks and projections put on a base rule, and server
rules for the steps of clients; most are made by `dsl.combine`."""
