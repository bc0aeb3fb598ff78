"""Programs made into other programs, and facts read off them without running them.

liveness.py      the live part of a program; prune.py leaves the rest out
canonical.py     the form that is hashed and compared; equal values computed once
once.py          equal arrays computed once, everything else as it is
family.py        the skeleton that is left without numbers
pattern.py       expressions with free names, and where a program contains them
laws.py          the laws that primitives declare, applied; simplify.py runs all passes
lower.py         the plain forms that engines run
precomputed.py   numbers that are known before the steps
structure.py     a program without those numbers: the part that an engine compiles
demands.py       the state, operations and statements that a rule asks for
oracle_calls.py  the oracles that a step asks, and how often
"""
