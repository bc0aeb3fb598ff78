"""Tuning the constants of a rule.

sweep        a rate for every task, all else as it is
coordinates  a rate for every task, then one constant at a time, within a number of evaluations
grid         rate and weight decay on a grid that grows until its best point is interior
shared       that grid for one program on all tasks: a rate for each, one weight decay for all
"""
