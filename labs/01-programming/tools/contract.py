"""Hold a running pricing service to its contract: what it was to answer, and what it did.

    python labs/01-programming/tools/contract.py http://127.0.0.1:8000

It asks all examples of `labs/boxoffice/contracts/pricing.json`, and bookings that it draws. One line for each promise
that is broken; status 1 if there is one, 3 if nobody could be asked.
"""

import argparse
import json
import random
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import httpx

CONTRACT = Path(__file__).resolve().parents[2] / "boxoffice" / "contracts" / "pricing.json"
DRAWN = 200
PATIENCE_S = 10.0
BAD_INPUT = 3
PROBLEM = "application/problem+json"
REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")


def broken(url: str, prices: Mapping[str, int] | None = None) -> list[str]:
    """Ask the pricing at `url`, e.g. `http://127.0.0.1:8000`; return a line for each promise that it broke.

    `prices` is its price list, in cents a seat, if it has more than the events of the examples.
    Raises ValueError for a `url` that is none, ConnectionError if nobody answers there.
    """
    contract = json.loads(CONTRACT.read_text(encoding="utf-8"))
    with closing(_client(url)) as client:
        lines = [line for example in contract["examples"] for line in _held(client, example)]
        for example in _drawn({**contract["prices"], **(prices or {})}):
            lines += _held(client, example)
    return lines


def _client(url: str) -> httpx.Client:
    try:
        client = httpx.Client(base_url=url, timeout=PATIENCE_S, trust_env=False)
        client.get("/healthz")
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise ValueError(f"`{url}` is no address: give one like http://127.0.0.1:8000") from None
    except httpx.TransportError:
        raise ConnectionError(f"Nobody answers at {url}. Start pricing, or give the address where it runs.") from None
    return client


def _drawn(prices: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Examples of bookings that nobody wrote down."""
    for _ in range(DRAWN):
        event, seats = random.choice(sorted(prices)), random.randint(1, 100)
        request = {"method": "POST", "path": "/quotes", "body": {"event": event, "seats": seats}}
        amounts = {"event": event, "seats": seats, **tariff(prices[event], seats)}
        yield {"what": f"{seats} seats at {prices[event]} cents", "request": request, "status": 200, "answer": amounts}


def tariff(price_cents: int, seats: int) -> dict[str, int]:
    """The amounts of a booking, by the words of the contract, in whole cents."""
    listed = price_cents * seats
    discount = _share(listed, 1, 10) if seats >= 10 else 0
    fee = min(_share(listed - discount, 25, 1000) + 90, 2000)
    total = listed - discount + fee
    return {"listed_cents": listed, "discount_cents": discount, "fee_cents": fee, "total_cents": total}


def _share(cents: int, part: int, of: int) -> int:
    """So many parts of an amount, half a cent rounded up."""
    return (2 * cents * part + of) // (2 * of)


def _held(client: httpx.Client, example: Mapping[str, Any]) -> Iterator[str]:
    """Ask one example; what is wrong with the answer."""
    asked = example["request"]
    where = f"{example['what']} ({asked['method']} {asked['path'][:60]})"
    try:
        answer = _ask(client, asked)
    except httpx.TransportError as error:
        yield f"{where}: no answer: {type(error).__name__}"
        return
    wrong = [*_wrong_id(answer, asked.get("id"), example.get("id")), *_wrong(answer, example)]
    yield from (f"{where}: {line}" for line in wrong)


def _ask(client: httpx.Client, asked: Mapping[str, Any]) -> httpx.Response:
    headers = {"X-Request-ID": asked["id"]} if "id" in asked else {}
    content = None
    if "body" in asked or "raw" in asked:
        headers["Content-Type"] = "application/json"
        content = asked["raw"] if "raw" in asked else json.dumps(asked["body"])
    return client.request(asked["method"], asked["path"], content=content, headers=headers)


def _wrong_id(answer: httpx.Response, given: str | None, expected: str | None) -> Iterator[str]:
    got = answer.headers.get("X-Request-ID", "")
    if not REQUEST_ID.fullmatch(got):
        yield f"X-Request-ID is `{got}`, which is no id"
    elif expected == "kept" and got != given:
        yield f"X-Request-ID is `{got}`, and `{given}` came"
    elif expected == "new" and got == given:
        yield f"X-Request-ID is the one that came, `{given}`"


def _wrong(answer: httpx.Response, example: Mapping[str, Any]) -> Iterator[str]:
    if answer.status_code != example["status"]:
        yield f"answered {answer.status_code}, not {example['status']}"
        return
    body = _object(answer)
    if body is None:
        yield f"the answer is no JSON object: {answer.text[:60]!r}"
    elif example["status"] != 200:
        yield from _wrong_problem(answer, body)
    elif "answer" in example and not _same(body, example["answer"]):
        yield f"answered {json.dumps(body)}, not {json.dumps(example['answer'])}"


def _object(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _same(body: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
    """Whether an answer is the expected one, and 203.0 not taken for 203."""
    return body == expected and all(type(body[name]) is type(value) for name, value in expected.items())


def _wrong_problem(answer: httpx.Response, body: Mapping[str, Any]) -> Iterator[str]:
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    if media_type != PROBLEM:
        yield f"the trouble comes as `{media_type}`, not as {PROBLEM}"
    for name, kind in (("type", str), ("title", str), ("status", int), ("detail", str)):
        if not isinstance(body.get(name), kind):
            yield f"the problem detail has no `{name}`"
    if body.get("status") not in (None, answer.status_code):
        yield f"the problem detail says {body['status']}, and the answer {answer.status_code}"


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with a command, and ends with status 3."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message}. See: {self.prog} --help\n")


def main() -> int:
    parser = Parser(description="Hold a running pricing service to its contract.")
    parser.add_argument("url", metavar="URL", help="where it runs, e.g. http://127.0.0.1:8000")
    try:
        lines = broken(parser.parse_args().url)
    except (ValueError, ConnectionError) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    for line in lines:
        print(line)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
