"""The opening of a sale: a few visitors, then a crowd. Each comes once, looks, thinks, holds a seat and buys it.

A user of Locust that stops is replaced at the next step of the shape. So who has left stays a user, and asks nothing.
"""

import random
import uuid

import gevent
from locust import HttpUser, LoadTestShape, between, task

EVENT = "opening-night"
CARD = "4242424242424242"
STAY = 2 / 3  # of those who have looked
PATIENCE_S = 10

EARLY, EARLY_S = 1, 5  # visitors a second, for so many seconds
CROWD, CROWD_S = 12, 3
RUN_S = EARLY_S + CROWD_S + 4  # the last visitor takes 3


class Visitor(HttpUser):
    """One visit, as one task that does not come to an end: Locust would begin it again."""

    wait_time = between(0.5, 1.5)

    @task
    def visit(self):
        free = self.browse()
        if free and random.random() < STAY:
            self.wait()
            wish = {"event": EVENT, "seat": random.choice(free), "buyer": f"visitor-{uuid.uuid4().hex[:8]}"}
            if hold := self.hold(wish):
                self.wait()
                order = wish | {"card": CARD, "hold": hold}
                self.client.post("/orders", json=order, name="buy", timeout=PATIENCE_S)
        gevent.sleep(RUN_S)

    def browse(self):
        """Look at the seats; return those that are free."""
        answer = self.client.get(f"/events/{EVENT}/seats", name="browse", timeout=PATIENCE_S)
        return [row["seat"] for row in answer.json() if not row["sold"]] if answer.ok else []

    def hold(self, wish):
        """Ask for the seat; return the hold's id, or None where somebody else was quicker, which is no failure."""
        with self.client.post("/holds", json=wish, name="hold", timeout=PATIENCE_S, catch_response=True) as answer:
            if answer.status_code == 409:
                answer.success()
            return answer.json()["id"] if answer.status_code == 201 else None


class Opening(LoadTestShape):
    """How many have come so far, and how many come a second."""

    def tick(self):
        run_s = self.get_run_time()
        if run_s < EARLY_S:
            return EARLY * EARLY_S, EARLY
        if run_s < RUN_S:
            return EARLY * EARLY_S + CROWD * CROWD_S, CROWD
        return None
