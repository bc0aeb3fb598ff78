"""A finalist without what does not matter: smaller programs that tests cannot tell from it.

finalist   one finalist reduced in rounds: looks choose what to take away, tests decide
trials     programs judged beside it, within a budget
alone      a rule that no campaign found, tuned and reduced
choices    what came of that: a table of size against score
bars       where a look does not go on with a variant
together   reductions that share the workers
fresh      programs on fresh seeds, by pairs
proposals  the ways to make a program smaller or its numbers rounder
edits      several such changes of a program at once
rounding   numbers as a person would write them
"""
