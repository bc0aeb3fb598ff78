"""The candidates of a campaign, one after another.

proposer      the next candidate, and the job that judges it
verdict       a candidate, its keys, and the verdict on it
duplicates    the earlier candidate that a new one repeats
plain         state as text
rates         the rates that a candidate is tried with
screen        the scores that it has to reach on the way
"""
