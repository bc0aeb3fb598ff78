"""Random changes of a program, the only way in which a search comes to new ones.

breeder.py    the ways to new programs that strategies choose from
mutator.py    draws kinds of change until one gives another program
changes.py    the kinds of change, each declared once with its default weight
graft.py      a part of one program put into another
prior.py      the habits of known rules: what follows what, and macros
editor.py     a program taken apart for one change
sampling.py   the random choices in a change: primitives by weight, constants, kinds
"""

from search.mutation.breeder import Breeder
from search.mutation.changes import CHANGES, SearchSpace, change
from search.mutation.mutator import Mutation, Mutator
from search.mutation.sampling import PrimitiveSampler

__all__ = ["CHANGES", "Breeder", "Mutation", "Mutator", "PrimitiveSampler", "SearchSpace", "change"]
