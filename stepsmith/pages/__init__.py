"""Pages of `docs/` that are generated from declarations, each declared here once.

`stepsmith page NAME > docs/NAME.md` writes one; the tests hold every one of them fresh.

page      the declaration of a page
zoo       the known optimizers
language  kinds, slots, inputs, operators, primitives, combinators
config    the keys of a campaign
ledger    the tables of a run's ledger
"""

from dsl.declare import Registry, import_all
from stepsmith.pages.page import PAGES, Page


def pages() -> Registry[Page]:
    """All pages by name; what they are made of is imported now."""
    import_all(__name__)
    return PAGES


__all__ = ["Page", "pages"]
