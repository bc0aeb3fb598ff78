"""The behaviour of rules, the distance of two in it, and the known rule that is nearest.

landscape   the function that oracles ask meanwhile
probe       streams of gradients on a small model, and the steps of a program on one
distance    how far apart the steps of two programs are, whatever their rates
traits      how one program behaves, in a few numbers and words
difference  what separates two programs: lines of their text, and the steps where they part
nearest     the rules of the zoo by their distance from a program, and its name in their terms
"""
