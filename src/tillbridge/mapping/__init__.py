"""Floor 1: the mapping language: from canonical values to the fields of a document.

text        YAML files, read strictly, every value with its file and line
tree        what an expression is made of; `parser` makes it from text
value_type  what a value may be; `source` knows what a mapping can read
functions   everything an expression can call
expression  text, checked and compiled once to a Python function
mapping     the rules; `read` makes them from text, `apply` checks, compiles and runs them
examples    the tests a mapping carries
"""
