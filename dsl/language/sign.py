"""The sign of what a primitive makes, as it declares it, whatever the arguments are."""

import enum


class Sign(enum.Enum):
    """The sign of values in real arithmetic: a NaN has none, and what underflows is not meant."""

    OPEN = "above zero or below"
    KEPT = "not below zero where no argument is"
    NEVER_BELOW = "never below zero"
    ABOVE = "above zero"
