"""The orders API (CONTRACT 4): its addresses, what it answers, and the description of both that programs and people read."""
