"""A campaign as a person sees it.

watching      an observer: a live view on a terminal, lines in a log
panel         the live view of a search
sentences     events and progress in words
hall          the table of the hall of fame
"""
