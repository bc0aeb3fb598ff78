"""Programs made shorter without changing what they do."""

from dsl.simplify.passes import simplify

__all__ = ["simplify"]
