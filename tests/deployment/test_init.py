"""Importing the deployment is cheap."""

import ast
import subprocess
import sys

HEAVY = ["matplotlib", "skorch", "torch"]


def test_importing_loads_nothing_heavy_and_promises_the_names():
    code = (
        "import sys, sklearn_skd.deployment as deployment; "
        f"print([name for name in {HEAVY} if name in sys.modules], deployment.__all__)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    nothing, names = loaded.stdout.split(" ", 1)
    assert nothing == "[]"
    assert set(ast.literal_eval(names)) == {
        "ModelCard",
        "export_onnx",
        "load",
        "model_card",
        "profile_cost",
        "save",
        "student_pipeline",
    }
