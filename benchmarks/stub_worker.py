"""`tillbridge` with the stub connector: `python -m benchmarks.stub_worker worker`."""

from benchmarks.stub import install
from tillbridge.cli.main import main

if __name__ == "__main__":
    install()
    main()
