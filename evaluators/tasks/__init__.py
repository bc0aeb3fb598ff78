"""The proxy tasks, one family per file; `evaluators.registry` finds and imports them.

surfaces  functions of the parameters themselves
matrices  linear maps learned as matrices
features  tables and other short rows of numbers
images    digits and photographs
text      the next character or word

Files with an underscore are helpers: `_examples` and `_supervised` make tasks from data sets,
`_layers` and `_losses` are what their models consist of. `catalogue.json` holds the numbers that
`python -m benchmarks.measure_tasks` finds.
"""
