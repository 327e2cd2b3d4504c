"""The demo program: thirteen months of a fictional shop, to try the product out."""
