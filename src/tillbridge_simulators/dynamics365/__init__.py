"""Dynamics 365 with Dataverse, as the Web API shows it: sign-in, rows, change sets, metadata.

`DataverseSimulator` is the whole of it; `PRODUCTS` is its catalogue.
"""

from tillbridge_simulators.dynamics365.catalogue import PRODUCTS, Product
from tillbridge_simulators.dynamics365.simulator import DataverseSimulator

__all__ = ["PRODUCTS", "DataverseSimulator", "Product"]
