"""The front door: the command line, and what people see of the work behind it.

cli/          one file per command
discovering/  a running campaign, and its hall of fame
comparing/    a comparison: its workers, progress, tables and figure
verifying/    the path of a rule beside that of another optimizer
zoo_page      the page of known rules
table         tables for commands that start quickly
output        text on stdout or in a file, the look of other tables
errors        wishes of a user that cannot be met
"""
