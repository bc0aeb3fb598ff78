"""Which program is candidate i, whether it is known, and how it is judged."""
