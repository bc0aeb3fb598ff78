"""Programs made into other programs, and what is read off them without running them."""
