"""A program made as simple as the laws of its primitives allow, by equality saturation.

    simplified(program, Domain.FINITE)

A program goes into an e-graph, where a class holds all ways to write a value that are known so far.
Laws add ways and make classes equal, until nothing new comes of it; sums and products are worked
out beside them. Then the cheapest program is taken out, laws about slots have their turn, and the
whole is tried against the original.

terms and classes  classes.py: terms, classes, congruence, and why two terms are equal;
                   graph.py: the number or sum that a class is known to be; ring.py: sums of
                   products with numbers before them
laws               laws.py: those of the registry, made ready; match.py: met in a graph and applied;
                   signs.py: what is never below 0, which some laws ask for
in and out         programs.py: programs into a graph and out of it; saturate.py: the rounds;
                   spellings.py: the terms that a class can be written as; costs.py: what a
                   program costs; extract.py: the cheapest one
the whole          slots.py: laws about slots, and the order of all about a whole program;
                   steady.py: slots that stay as they start; scales.py: multiples of others;
                   delays.py: others a step later; hypers.py: hyperparameters; held.py: what slots
                   hold; whole.py: what they share; check.py: the trial; simplify.py: all of it
why                explain.py: the chain of laws, read off the graph; instance.py: a law met in
                   terms as they stand; replay.py: a chain gone through again

An e-graph of our own, and not egglog: on fourteen statements and thirty laws egglog takes 16 ms to
take in the laws and 40 to 130 ms to apply them, most of it for the order and the brackets of sums
and products, where a program of thirty statements is to be done in 50 ms; the cheapest program that
it takes out counts what is shared as often as it is read; and the chain of laws would have to be
looked for again beside it.
"""

from dsl.simplifier.simplify import Simplified, plain, simplified

__all__ = ["Simplified", "plain", "simplified"]
