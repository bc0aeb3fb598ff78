"""Tuning the constants of a rule.

coordinates  a rate for every task, then one constant at a time, within a number of evaluations
grid         rate and weight decay on a grid that grows until its best point is interior
"""
