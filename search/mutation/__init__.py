"""Random changes of a program, the only way in which a search comes to new ones.

changes.py    the kinds of change, each declared once with its default weight
mutator.py    draws kinds of change until one gives another program
editor.py     a program taken apart for one change
sampling.py   the random choices in a change: primitives by weight, constants, kinds
"""

from search.mutation.changes import CHANGES, SearchSpace, change
from search.mutation.mutator import Mutation, Mutator
from search.mutation.sampling import PrimitiveSampler

__all__ = ["CHANGES", "Mutation", "Mutator", "PrimitiveSampler", "SearchSpace", "change"]
