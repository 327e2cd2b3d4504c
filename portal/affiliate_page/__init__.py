"""The page of an affiliate in the admin: figures, and tabs with the newest rows of every app (specification 10)."""
