"""Floor 1: what a connector is, and the tools to write one.

A stranger's package needs three things from here: a settings dataclass (`settings`), a session
with the abilities it has (`abilities`), and a `Connector` value named by an entry point of the
group `tillbridge.connectors`.
"""
