import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], set[str]]:
    """The files under src, and those in the wheel that is built from them."""
    project = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "src", project / "src", ignore=LEFT_OUT)
    sources = project / "src"
    written = {str(file.relative_to(sources)) for file in sources.rglob("*") if file.is_file()}
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project)
    command = ("pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", ".")
    subprocess.run([sys.executable, "-m", *command], cwd=project, check=True)  # noqa: S603 - our own Python, fixed arguments
    (wheel,) = project.glob("*.whl")
    return written, set(ZipFile(wheel).namelist())


def test_every_file_of_ours_is_in_the_wheel(packed: tuple[set[str], set[str]]) -> None:
    written, wheel = packed
    assert not written - wheel
