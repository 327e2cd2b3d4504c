"""A client of the orders API for tests."""

import json

from django.test import Client

JSON, NDJSON = "application/json", "application/x-ndjson"


class ApiClient:
    """A test client that sends an API key."""

    def __init__(self, secret: str) -> None:
        self.client = Client(raise_request_exception=True)
        self.headers = {"Authorization": f"Bearer {secret}"}

    def put(self, snapshot: object, order_id: str = "A1", content_type: str = JSON):
        body = snapshot if isinstance(snapshot, (str, bytes)) else json.dumps(snapshot)
        return self.client.put(f"/api/v1/orders/{order_id}", body, content_type=content_type, headers=self.headers)

    def batch(self, body: object, content_type: str = JSON, **headers: str):
        body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return self.client.post("/api/v1/orders/batch", body, content_type=content_type, headers=self.headers | headers)

    def get(self, order_id: str):
        return self.client.get(f"/api/v1/orders/{order_id}", headers=self.headers)
