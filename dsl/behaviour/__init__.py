"""The behaviour of rules, the distance of two in it, and the known rule that is nearest.

landscape   the function that oracles ask meanwhile
probe       streams of gradients on a small model, and the steps of a program on one
distance    how far apart the steps of two programs are, whatever their rates
traits      how one program behaves, in a few numbers and words
nearest     the rules of the zoo by their distance from a program, and its name in their terms
"""
