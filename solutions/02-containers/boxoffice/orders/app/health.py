"""`python -m app.health`: ends with status 0 if the service in this container can do its work now."""

import sys
from http.client import HTTPConnection, HTTPException

PORT, ANSWER_S = 8000, 1.5


def is_ready() -> bool:
    connection = HTTPConnection("127.0.0.1", PORT, timeout=ANSWER_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_ready() else 1)
