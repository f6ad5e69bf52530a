"""A publisher of exchange rates: the central bank's files, and the answers of rate services."""

from tillbridge_simulators.rates.simulator import RatesSimulator as RatesSimulator
