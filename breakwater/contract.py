"""What a buyer may be told (`labs/boxoffice/contracts/outcomes.md`), as code: is this answer one of them?

Each function returns an empty string for an answer within the contract, and otherwise the reason, as the end of
a sentence that begins with "a buyer was told".
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

STATES = ("pending", "confirmed", "declined", "cancelled")
FINAL = ("confirmed", "declined", "cancelled")
REFUSALS = (400, 402, 404, 409, 412, 422, 428, 429, 503)
TELLS_NOTHING = (500, 502, 504)
PROBLEM = "application/problem+json"
_DELTA_SECONDS = re.compile(r"[0-9]{1,10}")  # RFC 9111, 1.2.2; ten digits are three centuries


def odd_purchase(status: int, headers: Mapping[str, str], body: Any, asked: Mapping[str, str]) -> str:
    """Judge the answer to `POST /orders`. `asked` holds the event, seat and buyer that the request named."""
    if status == 201:
        return _odd_order(body, asked, "201", ("confirmed",))
    if status == 202:
        return _odd_accepted(headers, body, asked)
    if status in REFUSALS:
        return _odd_problem(status, headers, body)
    if status in TELLS_NOTHING:
        return f"{status} (“I do not know”), which is no outcome"
    return f"{status}, which the contract does not know"


def odd_lookup(status: int, headers: Mapping[str, str], body: Any, order_id: str) -> str:
    """Judge the answer to `GET /orders/{id}`: the order, or a problem detail."""
    if status == 200:
        return _odd_order(body, {"id": order_id}, "200", STATES) or _odd_deal(body)
    if status in (404, 503):
        return _odd_problem(status, headers, body)
    return f"{status}, which the contract does not know for a look at an order"


def odd_seats(status: int, headers: Mapping[str, str], body: Any) -> str:
    """Judge the answer to `GET /events/{event}/seats`: the list, or a problem detail."""
    if status == 200:
        return _odd_list(body)
    if status in (404, 503):
        return _odd_problem(status, headers, body)
    return f"{status}, which the contract does not know for a list of seats"


def odd_page(status: int, headers: Mapping[str, str], body: Any, event: str) -> str:
    """Judge the answer to `GET /events/{event}`: the event with its free seats, or a problem detail."""
    if status == 200:
        return _odd_event(body, event) or _odd_age(headers)
    if status in (404, 502, 503, 504):
        return _odd_problem(status, headers, body)
    return f"{status}, which the contract does not know for an event page"


def odd_hold(status: int, headers: Mapping[str, str], body: Any, asked: Mapping[str, str]) -> str:
    """Judge the answer to `POST /holds`. `asked` holds the event and seat that the request named."""
    if status == 201:
        return _odd_held(body, asked)
    if status in REFUSALS:
        return _odd_problem(status, headers, body)
    if status in TELLS_NOTHING:
        return f"{status} (“I do not know”), which is no outcome"
    return f"{status}, which the contract does not know"


def tells_nothing(status: int | None) -> bool:
    """Whether this is an answer after which anything may have happened."""
    return status is None or status in TELLS_NOTHING


def expires_at(body: Any) -> float | None:
    """When the hold in this body ends, in UNIX seconds; None where it does not say, with its zone."""
    moment = _moment(body, "expires_at")
    return moment.timestamp() if moment else None


def starts_at(body: Any) -> datetime | None:
    """When the event in this body begins; None where it does not say, with its zone."""
    return _moment(body, "starts_at")


def age_s(headers: Mapping[str, str]) -> int | None:
    """The whole seconds in `Age` (RFC 9111, 5.1); None where it is not there, or is no one number of seconds."""
    age = headers.get("age", "").strip()
    return int(age) if _DELTA_SECONDS.fullmatch(age) else None


def location_id(headers: Mapping[str, str]) -> str | None:
    """The order's id in `Location: …/orders/{id}`, or None."""
    _, found, order_id = headers.get("location", "").rstrip("/").rpartition("/orders/")
    return order_id if found and order_id and "/" not in order_id else None


def order_id(status: int | None, headers: Mapping[str, str], body: Any) -> str | None:
    """The id of the order that an answer acknowledges: of the body, else of the Location; None if it does none."""
    if status not in (200, 201, 202):
        return None
    named = body.get("id") if isinstance(body, dict) else None
    return named if isinstance(named, str) and named else location_id(headers)


def _odd_order(body: Any, asked: Mapping[str, str], told: str, states: tuple[str, ...]) -> str:
    if not isinstance(body, dict):
        return f"{told} without an order in the body"
    if not isinstance(body.get("id"), str) or not body["id"]:
        return f"{told} with an order that has no id"
    for key, value in asked.items():
        if body.get(key) != value:
            return f"{told} with {_shown(body.get(key))} as the order's {key}, and it had asked for {_shown(value)}"
    if body.get("status") not in states:
        return f"{told} with an order whose status is {_shown(body.get('status'))} (allowed: {', '.join(states)})"
    if not _is_amount(body.get("amount_cents")):
        return f"{told} with {_shown(body.get('amount_cents'))} as the order's amount_cents"
    return ""


def _odd_held(body: Any, asked: Mapping[str, str]) -> str:
    if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not body["id"]:
        return "201 without a hold in the body"
    for key, value in asked.items():
        if body.get(key) != value:
            return f"201 with {_shown(body.get(key))} as the hold's {key}, and it had asked for {_shown(value)}"
    if not _is_amount(body.get("price_cents")):
        return f"201 with {_shown(body.get('price_cents'))} as the hold's price_cents"
    if expires_at(body) is None:
        return f"201 with {_shown(body.get('expires_at'))} as the hold's expires_at"
    return ""


def _odd_event(body: Any, event: str) -> str:
    if not isinstance(body, dict):
        return "200 without an event in the body"
    if body.get("id") != event:
        return f"200 with {_shown(body.get('id'))} as the event's id, and it had asked for {_shown(event)}"
    venue = body.get("venue")
    for key, value in (("title", body.get("title")), ("venue", venue.get("name") if isinstance(venue, dict) else None)):
        if not isinstance(value, str) or not value:
            return f"200 with {_shown(value)} as the event's {key}"
    if starts_at(body) is None:
        return f"200 with {_shown(body.get('starts_at'))} as the event's starts_at"
    free = body.get("free_seats")
    if not isinstance(free, int) or isinstance(free, bool) or free < 0:
        return f"200 with {_shown(free)} as the event's free_seats"
    return ""


def _odd_age(headers: Mapping[str, str]) -> str:
    """Several `Age` come joined by commas, and so are no number either."""
    if "age" not in headers or age_s(headers) is not None:
        return ""
    return f"200 with {_shown(headers['age'])} as its Age, which is no number of whole seconds"


def _odd_deal(body: Mapping[str, Any]) -> str:
    odd = next((key for key in ("event", "seat", "buyer") if not isinstance(body.get(key), str)), "")
    return f"200 with {_shown(body.get(odd))} as the order's {odd}" if odd else ""


def _odd_list(body: Any) -> str:
    if not isinstance(body, list):
        return "200 without a list in the body"
    names: set[str] = set()
    for row in body:
        if not isinstance(row, dict) or not isinstance(row.get("seat"), str) or not row["seat"]:
            return "200 with a list in which a seat has no name"
        name, price, sold = row["seat"], row.get("price_cents"), row.get("sold")
        if name in names:
            return f"200 with a list in which seat {_shown(name)} stands twice"
        if not _is_amount(price):
            return f"200 with a list in which {_shown(price)} is the price_cents of seat {_shown(name)}"
        if not isinstance(sold, bool):
            return f"200 with a list in which {_shown(sold)} is the sold of seat {_shown(name)}"
        names.add(name)
    return ""


def _odd_accepted(headers: Mapping[str, str], body: Any, asked: Mapping[str, str]) -> str:
    place = location_id(headers)
    if place is None:
        return "202 without `Location: /orders/{id}`, a place to ask"
    if odd := _odd_order(body, asked, "202", ("pending",)):
        return odd
    if body["id"] != place:
        return f"202 for order {_shown(body['id'])}, with the Location of order {_shown(place)}"
    return ""


def _odd_problem(status: int, headers: Mapping[str, str], body: Any) -> str:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != PROBLEM:
        return f"{status} as {kind or 'no content type'}, and the contract asks for a problem detail ({PROBLEM})"
    return "" if isinstance(body, dict) else f"{status} with a problem detail that is no JSON object"


def _moment(body: Any, key: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(body[key])
    except (TypeError, KeyError, ValueError):
        return None
    return moment if moment.tzinfo else None


def _is_amount(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
