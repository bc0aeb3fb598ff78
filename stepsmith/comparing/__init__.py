"""`stepsmith compare` below the command line: what it shows and writes, and who works for it.

progress  the plan, and the state while it runs
view      the tables on the console
figure    performance profiles and training curves as SVG
output    the folder of the figure and the data
workers   this process, or the Ray pool of campaigns
"""
