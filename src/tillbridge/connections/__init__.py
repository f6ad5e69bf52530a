"""Floor 2: connectors with a name, settings and sealed credentials, and the gate of each."""
