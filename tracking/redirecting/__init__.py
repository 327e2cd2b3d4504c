"""The parts of the redirect: who knocks, which link, where to, what is kept."""
