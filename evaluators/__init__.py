"""The worth of a program: tasks to train on, a training loop, a score, comparisons.

tasks       the proxy tasks; `task` is their contract, `registry` finds them, `catalogue` lists them
data        the examples that the tasks are made of
suites      sets of tasks, by name or from a file
checks      free checks, before anything is compiled
training    training a program on a task
evaluator   the judgement of a program: `request` is what it is asked, `judged` the program on the
            way, `evaluation` the result, `score` its scale
cost        the operations of a gradient, and the gradients that a step takes
tuning      the constants of a rule
own         tasks of a user's own, declared in a file of theirs
measuring   the numbers that a task does not state, and its worth as a proxy
comparison  rules against tuned baselines, on tasks and seeds that none of them has seen
doubts      the sentences that forbid a claim, of campaigns and comparisons alike
statistics  intervals and paired tests; the standard of evidence
seeds       the ranges that all seeds come from
workers     pools of workers, generic over their job
files       configs with good errors, results written whole
"""
