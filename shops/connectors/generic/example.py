"""An event in the recommended format, as the page of paths proposes it."""

EXAMPLE = """{
  "type": "order.updated",
  "data": {
    "id": "1001",
    "updated_at": "2026-01-12T12:05:00Z",
    "placed_at": "2026-01-12T12:00:00Z",
    "status": "paid",
    "currency": "USD",
    "click_id": null,
    "coupons": ["SPRING"],
    "customer": {"id": "17850", "country": "US"},
    "lines": [
      {"id": "1", "product_id": "85", "sku": "MUG-4", "title": "Set of four mugs", "categories": ["Kitchen"],
       "quantity": 2, "amount": "36.00", "refunded": "0.00"}
    ]
  }
}"""
