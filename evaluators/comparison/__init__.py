"""Rules against tuned baselines, on tasks and seeds that none of them has seen.

protocol   a comparison from end to end: which rules, tasks and seeds
entrants   the rules that take part; refusals before any work; the comparison as plain data
plan       cells (a rule on a task), about how long they take, and which comes next
load       the share of a core that a process gets meanwhile
work       the worker of a process; doing the plan, with progress
runner     one task: rules tuned on it, run on fresh seeds, timed side by side
objective  the search for a rule's best point by the score
key        all that decides a result, under which it is kept once paid for
results    the outcome as plain data, and the scores it makes
speedup    steps to a loss, speed-ups, performance profiles, sensitivity to the rate
claim      the verdict in fixed words
ranking    the table, the verdicts and the report
"""
