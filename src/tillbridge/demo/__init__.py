"""The demo: a day's trade over simulators of every system, judged by an auditor of their own."""
