"""Declarations held to what they state, by number: the tests of ours, and of a plug-in's.

fault      what is wrong, in a sentence
laws       laws and equations hold where they say
signs      values have the sign that a primitive declares
meaning    NumPy and JAX agree, results have their kind's shape, arguments may swap
single     a rule of one primitive alone, to run and to export
hosts      exported files take the steps of the interpreter
words      all that can be checked of a primitive or an initialiser
"""

from dsl.checks.fault import Fault
from dsl.checks.words import Checked, check_initialiser, check_primitive

__all__ = ["Checked", "Fault", "check_initialiser", "check_primitive"]
