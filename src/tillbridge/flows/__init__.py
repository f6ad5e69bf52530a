"""Room `flows`: what starts a run and which steps it takes, as text that is checked and pinned.

flow     the values: a flow and its steps
read     a flow from text, checked against connections, mappings and lookups on the way
library  what a flow can use: connections' shapes, mappings and lookups
bundle   everything one version of a flow consists of, and the name of that version
folder   a user's folder: all its flows, and all that is wrong with them
publish  versions in the database, and which one is active
"""
