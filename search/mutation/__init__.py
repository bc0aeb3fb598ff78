"""Random changes of a program."""
