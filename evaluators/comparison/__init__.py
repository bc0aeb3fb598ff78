"""Rules against tuned baselines, on tasks and seeds that none of them has seen.

protocol      which rules, tasks and seeds; everything in its order; what is refused
bench         one task: rules tuned on it, run on fresh seeds, timed side by side
grid_search   tuning the rate and the weight decay until the best is interior
cache         runs that were paid for, found again by what decides them
results       the outcome as plain data, and the scores it makes
speedup       steps to a loss, speed-ups, performance profiles, sensitivity to the rate
statistics    bootstrap intervals, paired tests, the correction for looking often
claim         the verdict in fixed words
ranking       the table, the verdicts and the report
"""
