"""Problems that are trained outside of Stepsmith: rules are asked for, and losses told.

asked     a rule to train with, in the form of any host, and what is told of it
journal   told losses on disk: a run goes on from these
baseline  refuses what is told of a baseline by which nothing can be scored
exchange  the campaign on one side, its owner on the other
"""
