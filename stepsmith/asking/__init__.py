"""Problems that are trained outside of Stepsmith: rules are asked for, and losses told.

asked     a rule to train with, in the form of any host, and what is told of it
journal   told losses on disk: a run goes on from these
exchange  the campaign on one side, its owner on the other
"""
