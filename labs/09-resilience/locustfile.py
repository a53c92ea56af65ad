"""How visitors use the shop: they look at the seats, choose one, and sometimes buy it.

Run it by `course load 09 --users 20`, or with Locust's own page by `course load 09 --users 20 --ui`. Each user waits
for an answer before it asks again, so a shop that stands still is asked less: a closed loop. For visitors who come
whatever the shop does: `course load 09 --rate 20`. With `--no-think` (THINK=no), users ask again at once.
"""

import os
import random
import uuid

from locust import HttpUser, between, constant, task

EVENT = "opening-night"
GOOD_CARD, DECLINED_CARD = "4242424242424242", "4000000000000002"
DECLINED_SHARE = 0.8  # so that the hall, of 200 seats, is not sold out in seconds
PATIENCE_S = 10


class Visitor(HttpUser):
    """Somebody who looks about as often as they buy, and thinks in between."""

    wait_time = constant(0) if os.environ.get("THINK") == "no" else between(0.5, 2.0)

    def on_start(self):
        self.free = []
        self.browse()

    @task(2)
    def browse(self):
        """Load the seat page."""
        answer = self.client.get(f"/events/{EVENT}/seats", name="browse", timeout=PATIENCE_S)
        if answer.status_code == 200:
            self.free = [row["seat"] for row in answer.json() if not row["sold"]]

    @task(1)
    def buy(self):
        """Buy one of the seats that were free when we last looked. To be told that it is gone is no failure."""
        if not self.free:
            return
        card = DECLINED_CARD if random.random() < DECLINED_SHARE else GOOD_CARD
        order = {
            "event": EVENT,
            "seat": random.choice(self.free),
            "buyer": f"visitor-{uuid.uuid4().hex[:8]}",
            "card": card,
        }
        with self.client.post("/orders", json=order, name="buy", timeout=PATIENCE_S, catch_response=True) as answer:
            if answer.status_code in (402, 409):
                answer.success()
