"""Constants and rates chosen for a rule: by coordinates in a search, by a grid in a comparison."""
