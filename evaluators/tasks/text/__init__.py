"""The next character or word of a text, by models of every kind."""
