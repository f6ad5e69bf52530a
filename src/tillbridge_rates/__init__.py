"""The connectors that ask for exchange rates: the European Central Bank, and any HTTP source."""
