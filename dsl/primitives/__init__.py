"""The primitives, one family per file; importing this package declares all of them."""

from dsl.declare import import_all

import_all(__name__)
