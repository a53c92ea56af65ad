"""Write the code that speaks `proto/inventory.proto` into each service that does, as its package `app.rpc`.

    python contracts/generate.py

It needs grpcio-tools. The code is committed, so that a service needs neither this folder nor a compiler to run.
"""

from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

SHOP = Path(__file__).resolve().parent.parent
SERVICES = ("gateway", "inventory", "orders")


def generate(folder: Path) -> None:
    """Write the generated modules into `folder/app/rpc`. Raises RuntimeError if the compiler refuses."""
    # The mapped path makes the modules import each other as parts of the package `app.rpc`.
    paths = [f"-Iapp/rpc={SHOP / 'contracts' / 'proto'}", f"-I{files('grpc_tools') / '_proto'}"]
    outputs = [f"--{kind}={folder}" for kind in ("python_out", "pyi_out", "grpc_python_out")]
    if protoc.main(["protoc", *paths, *outputs, "app/rpc/inventory.proto"]):
        raise RuntimeError("protoc refused inventory.proto (see above)")


if __name__ == "__main__":
    for name in SERVICES:
        generate(SHOP / name)
