"""What machines ask about the program: health, readiness and metrics (specification 12)."""
