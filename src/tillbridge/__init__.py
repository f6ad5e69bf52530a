"""Tillbridge carries money from the till to the books.

The folder listing is the manual: rooms are named by the words of the business, and
imports go down only (ARCHITECTURE.md, checked by import-linter).
"""

VERSION = "0.1.0"
