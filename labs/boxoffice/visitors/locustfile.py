"""Visitors of the shop, drafted in a hurry before the sale. What they ought to do: the guide of lab 09."""

import random
import uuid

from locust import HttpUser, task

EVENT = "opening-night"
CARD = "4242424242424242"


class Visitor(HttpUser):
    """Somebody who wants a seat."""

    @task
    def buy(self):
        """Look at the seats, and buy one that is free."""
        answer = self.client.get(f"/events/{EVENT}/seats", name="browse")
        free = [row["seat"] for row in answer.json() if not row["sold"]]
        if free:
            order = {"event": EVENT, "seat": random.choice(free), "buyer": f"visitor-{uuid.uuid4().hex[:8]}"}
            self.client.post("/orders", json=order | {"card": CARD}, name="buy")
