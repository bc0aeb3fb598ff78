"""Measurements of this project: `python -m benchmarks.<name>` from its top folder.

accelerator       programs per second on an accelerator, against their number and a core
best_losses       the best known loss of every task
curves            losses of a campaign's winner and its baseline, step by step
driver            what a search costs beside the evaluations, and reading a large ledger
engine_costs      the constants by which a trainer chooses an engine
export            a step of exported optimizers beside the hosts' own
export_page       writes `docs/export_speed.md` with the measurements of export
keys              the time of a new program's keys and of a mutation
matrix_tasks      rules for matrices beside others, on the tasks that are made for them
measure_tasks     writes the catalogue of tasks
memory            the memory of a worker over many programs
novel_program     the cost of a program that was never seen before
performance_page  writes `docs/performance.md` with the measurements of novel_program
simplify          the CPU time of simplifying a rule with redundant statements
startup           the CPU time of commands that show text
task_costs        the cost of a gradient of every task

and their material:

loops             training loops in plain JAX and Optax, to compare with
models            one task at many numbers of parameters
population        programs bred as in a search
side_by_side      the same programs side by side and in turn
"""
