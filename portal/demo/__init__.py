"""The demo program: a fictional shop's year, for whoever tries the product out."""
