"""A program: its terms, its text, and how one is built."""

from dsl.program.program import (
    INPUTS,
    Arg,
    Const,
    Local,
    Name,
    Program,
    Statement,
    check_declared,
    check_hyperparameters,
    check_result,
    check_slot,
    result_kind,
)

__all__ = [
    "Arg",
    "Const",
    "INPUTS",
    "Local",
    "Name",
    "Program",
    "Statement",
    "check_declared",
    "check_hyperparameters",
    "check_result",
    "check_slot",
    "result_kind",
]
