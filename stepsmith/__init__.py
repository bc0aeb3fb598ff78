"""The front door: the command line, and what people see of the work behind it.

cli/          one file per command
discover/     a running campaign, and its hall of fame
comparison/   a comparison: its workers, progress, tables and figure
verify/       checks that an exported rule does what the program does
output        the console for results
table         tables for commands that start quickly
zoo_page      the page of known rules
"""
