"""Rules against tuned baselines, on tasks and seeds that none of them has seen.

protocol      which rules, tasks and seeds; the comparison from end to end
entrants      who takes part, and what is refused before any work
contest       the same as plain data for a worker, and the benches that do it
plan          what is to be done, and about how long it takes
schedule      which piece is next, for one worker or several
work          doing the plan, with progress
bench         one task: rules tuned on it, run on fresh seeds, timed side by side
objective     what tuning maximises: the score
grid_search   the rate and the weight decay, until the best is interior
key           all that decides a result
cache         results that were paid for, kept under their keys
results       the outcome as plain data, and the scores it makes
speedup       steps to a loss, speed-ups, performance profiles, sensitivity to the rate
statistics    bootstrap intervals, paired tests, the correction for looking often
claim         the verdict in fixed words
ranking       the table, the verdicts and the report
"""
