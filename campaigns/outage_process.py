"""A command of the product with a defect: `python -m campaigns.outage_process PLANT COMMAND`."""

import sys

from campaigns.outage_plants import PLANTS
from tillbridge.cli.main import main

if __name__ == "__main__":
    PLANTS[sys.argv[1]].plant()
    main(sys.argv[2:])
