"""Names that the rule, its slots, hyperparameters and values may have.

A program is a Python function wherever it is read, traced or exported, so a name must be one that
Python would bind there. It may be that of a primitive, which a function then cannot call by its
plain name, as in Python: so a new primitive breaks no old text.
"""

import keyword
import unicodedata
from functools import lru_cache

from dsl.errors import FormError

QUALIFIED = "ops"
"""The word before a dot that says that a primitive is meant, whatever else has its name."""


def check_name(name: str, role: str) -> None:
    """FormError unless `name` may be that of `role` ("a slot", "a value", ...)."""
    if not _is_identifier(name):
        raise FormError(
            f"{name!r} cannot be the name of {role}",
            help="a name is made of letters, digits and _, and is not a word of Python",
        )


@lru_cache(maxsize=4096)
def _is_identifier(name: str) -> bool:
    """True if Python reads `name` as one identifier, as it is written, and has no use for it."""
    return (
        isinstance(name, str)
        and name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("__")
        and unicodedata.normalize("NFKC", name) == name
    )
