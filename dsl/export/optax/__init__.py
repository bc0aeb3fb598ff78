"""A program as an Optax file."""

from dsl.export.optax.source import to_optax_source

__all__ = ["to_optax_source"]
