"""Write each service's OpenAPI description, as its code generates it, to contracts/openapi/.

    python contracts/export.py

A description is a promise to others: change it on purpose, and commit it with the code that keeps it.
"""

import json
import subprocess
import sys
from pathlib import Path

SHOP = Path(__file__).resolve().parent.parent
NAMES = ("catalog", "gateway", "orders", "payments", "pricing", "provider")
SERVICES = {name: name for name in NAMES} | {"pricing": "pricing/python"}
"""The folder of each service. Pricing has three, and one description, which the others keep as well."""

PRINT_IT = "import json; from app.main import app; print(json.dumps(app.openapi()))"


def description(service: Path) -> str:
    """Return the OpenAPI document of the service in this folder, as the text of its file."""
    # A process for each, because every service calls its package `app`.
    printed = subprocess.run([sys.executable, "-c", PRINT_IT], cwd=service, check=True, capture_output=True, text=True)
    return json.dumps(json.loads(printed.stdout), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    for name, folder in SERVICES.items():
        (SHOP / "contracts" / "openapi" / f"{name}.json").write_text(description(SHOP / folder))
