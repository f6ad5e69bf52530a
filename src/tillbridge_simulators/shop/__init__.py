"""A web shop: seeded shoppers check out, goods are shipped, messages about payments are kept."""

from tillbridge_simulators.shop.simulator import Options, ShopSimulator

__all__ = ["Options", "ShopSimulator"]
