"""A program: its terms, its text, and how one is built.

terms.py     names, numbers, earlier values, statements; the parts of a program, unchecked
check.py     the rules for names, kinds and parts, and the errors that cite them
program.py   `Program`: parts that fit together, immutable and hashable
stated.py    what docstrings state of hyperparameters
builder.py   a program built statement by statement, as parser, tracer and tests do
parse.py     text to program: the rule of a text. functions.py has the heads of its functions,
             body.py reads statements and expressions, helpers.py writes helper rules out;
             places.py has lines and columns for errors, refusals.py the words for what Python has
             and the language not
trace.py     a Python function to a program: `@program` runs it once on symbols
printer.py   program to text, which `parse` reads back as an equal program; `inline.py` says what
             prints inside its reader
listing.py   program to a line for each of its parts, of which hashes are taken
walk.py      the walker: who reads a value, what a value needs, programs written anew
"""

from dsl.program.check import (
    Kinds,
    check_declared,
    check_distinct,
    check_hyperparameters,
    check_ranges,
    check_result,
    check_slot,
    result_kind,
)
from dsl.program.program import Program
from dsl.program.terms import INPUTS, Arg, Const, Local, Name, Parts, Statement

__all__ = [
    "INPUTS",
    "Arg",
    "Const",
    "Kinds",
    "Local",
    "Name",
    "Parts",
    "Program",
    "Statement",
    "check_declared",
    "check_distinct",
    "check_hyperparameters",
    "check_ranges",
    "check_result",
    "check_slot",
    "result_kind",
]
