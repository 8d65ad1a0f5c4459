"""Prints, as a line of JSON, which pyfaceau the Python that runs this file has, and its models.

A script of its own for the Python of another environment: it imports nothing of tgbench.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from importlib import metadata
from typing import Any

PACKAGES = ("pyfaceau", "pyclnf", "pymtcnn")
"""Those that have models of OpenFace."""

_DECIDING = (*PACKAGES, "pyfhog", "opencv-python", "onnxruntime", "torch")


def main() -> dict[str, Any]:
    """Return versions by package, the packages whose models are missing, the models' digest."""
    versions = {}
    for name in _DECIDING:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    missing, listed = [], []
    for package in PACKAGES:
        models = importlib.import_module(f"{package}.models")
        # Earlier releases of the latter two bring their models along.
        if hasattr(models, "models_ready"):
            listed += [file["sha256"] for file in models.load_manifest()["files"]]
            if not models.models_ready():
                missing.append(package)
    digest = hashlib.sha256("\n".join(sorted(listed)).encode()).hexdigest()
    return {"versions": versions, "missing": missing, "models": digest}


if __name__ == "__main__":
    # The folder of this file, whose modules would hide packages of the same name.
    del sys.path[0]
    try:
        found = main()
    except Exception as error:
        found = {"error": f"{type(error).__name__}: {error}"}
    print("\ntgbench: " + json.dumps(found))
