"""Benchmarks: what the product costs, measured by the operating system."""
