"""The dbt project for Dagster: where it stands, and the manifest that Dagster loads its models from.

In a checkout sql/ and the two YAML files of Dagster stand at the root; in the wheel they are in `assets/bundled` (see
pyproject.toml). What the models say is in sql/, how they run in `models.py`.
"""

import os
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from dagster_dbt import DbtProject
from dagster_dbt.dbt_project import DbtProjectPreparer

_BUNDLED = Path(__file__).parent / "bundled"
IS_INSTALLED = _BUNDLED.is_dir()
ROOT = _BUNDLED if IS_INSTALLED else Path(__file__).parent.parent
"""The folder that holds sql/, workspace.yaml and dagster.yaml."""
_ARTIFACTS = ("partial_parse.msgpack", "manifest.json")


class ManifestPreparer(DbtProjectPreparer):
    """Parses sql/ when the manifest is missing or older than a file there (about four seconds), and only then.

    Dagster's own preparer looks for `dbt` on the PATH, parses at every load of `dagster dev`, and never outside of it.
    """

    def prepare_if_dev(self, project: DbtProject) -> None:
        self.prepare(project)

    def prepare(self, project: DbtProject) -> None:
        """Make the manifest if need be. Raises RuntimeError when dbt cannot parse the project."""
        manifest = project.manifest_path
        newest = max(path.stat().st_mtime for path in _sources(project))
        if manifest.exists() and manifest.stat().st_mtime >= newest:
            return
        from dbt.cli.main import dbtRunner

        manifest.parent.mkdir(exist_ok=True, parents=True)
        with TemporaryDirectory(dir=manifest.parent) as aside:  # so that nobody else reads half a manifest
            folders = ["--project-dir", str(project.project_dir), "--profiles-dir", str(project.profiles_dir)]
            result = dbtRunner().invoke(["parse", *folders, "--target-path", aside, "--log-path", aside, "--quiet"])
            if not result.success:
                raise RuntimeError(f"dbt cannot parse {project.project_dir}: {result.exception}")
            for name in _ARTIFACTS:
                (Path(aside) / name).chmod(0o600)  # dagster-dbt copies it with its mode into the data folder
                os.replace(Path(aside) / name, manifest.with_name(name))


def _sources(project: DbtProject) -> list[Path]:
    """The files of the project, in one order."""
    found = [path for path in project.project_dir.rglob("*") if path.suffix in {".sql", ".yml", ".md"}]
    return sorted(path for path in found if "target" not in path.parts)


def _target() -> Path:
    """Where the manifest is kept: beside the models; for an installed program, which may be read-only, in the cache."""
    if not IS_INSTALLED:
        return ROOT / "sql" / "target"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bluum-warehouse" / "dbt"


def models_key(project: DbtProject) -> str:
    """A key of what the models say: a warehouse that was built by others is built anew, columns and all."""
    said = sha256()
    for path in _sources(project):
        if "tests" not in path.name and path.parts[-2] != "tests":
            said.update(path.read_bytes())
    return said.hexdigest()[:16]


def dbt_project() -> DbtProject:
    """The project, with a manifest that is up to date."""
    project = DbtProject(ROOT / "sql", target_path=_target(), profiles_dir=ROOT / "sql")
    ManifestPreparer().prepare(project)
    return project
