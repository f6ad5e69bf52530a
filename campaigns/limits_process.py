"""A worker with a defect: `python -m campaigns.limits_process PLANT worker`."""

import sys

from campaigns.limits_plants import PLANTS
from tillbridge.cli.main import main

if __name__ == "__main__":
    PLANTS[sys.argv[1]].plant()
    main(sys.argv[2:])
