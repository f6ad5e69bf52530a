"""A stand-in of Sage Pro ERP's SQL Server edition: a TDS 7.4 server over an in-memory company."""

from tillbridge_simulators.sagepro.simulator import SageProSimulator

__all__ = ["SageProSimulator"]
