import subprocess
import sys
import tomllib
from pathlib import Path

import tillbridge

ROOT = Path(__file__).parents[2]


def test_every_contract_of_the_floors_is_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(  # noqa: S603 - our own tool over our own code
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_every_package_of_ours_is_under_the_law() -> None:
    law = (ROOT / ".importlinter").read_text()
    for package in (ROOT / "src").iterdir():
        if (package / "__init__.py").exists():
            assert law.count(package.name) > 1, package.name


def test_the_changelogs_top_version_is_the_packages() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text().splitlines()
    newest = next(line for line in changelog if line.startswith("## "))
    assert newest == f"## {tillbridge.VERSION}"


def test_the_lock_names_no_index_and_no_path() -> None:
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        assert "://" not in line, line
        assert not line.strip().startswith(("-i", "--index", "--extra", "--find", "--trusted", "/"))


def test_everything_that_is_asked_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"].values()
    asked = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    asked += [name for extra in extras for name in extra]
    locked = (ROOT / "requirements.lock").read_text()
    for requirement in asked:
        name = requirement.partition(">")[0].partition("[")[0].lower().replace("_", "-")
        assert f"\n{name}==" in locked, f"{name} is not locked: run make lock"
