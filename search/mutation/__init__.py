"""Random changes of a program, the only way in which a search comes to new ones.

breeder.py    the ways to new programs that strategies choose from
mutator.py    draws kinds of change until one gives another program
change.py     what a kind of change is, and the table of them
changes.py    the published kinds; informed.py has those that go by the prior
arguments.py  arguments of the statements that changes make
graft.py      a part of one program put into another
settings.py   other numbers for a program, all else as it is
prior.py      the habits of known rules: what follows what, and macros
editor.py     a program taken apart for one change
sampling.py   the random choices in a change: primitives by weight, constants, kinds
"""

from dsl.declare import import_all
from search.mutation.breeder import Breeder
from search.mutation.change import CHANGES, SearchSpace, change
from search.mutation.mutator import Mutation, Mutator
from search.mutation.sampling import PrimitiveSampler

import_all(__name__)

__all__ = ["CHANGES", "Breeder", "Mutation", "Mutator", "PrimitiveSampler", "SearchSpace", "change"]
