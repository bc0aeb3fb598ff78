"""The proxy tasks, one family per file; `evaluators.registry` finds and imports them.

Files with an underscore are helpers: `_examples` and `_supervised` make tasks from data sets,
`_layers`, `_losses` and `_language` are what their models consist of. `catalogue.json` holds the
numbers that `python -m benchmarks.measure_tasks` finds.
"""
