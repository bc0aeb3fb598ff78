"""A campaign as a person sees it.

watching      an observer: a live view on a terminal, lines in a log
sentences     events and progress in words
hall          the table of the hall of fame
"""
