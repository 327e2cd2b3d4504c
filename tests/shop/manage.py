"""Django's entry to the shop: run by the Python of .venv-shop."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    sys.path.insert(0, str(Path(__file__).parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oscar_shop.settings")
    execute_from_command_line(sys.argv)
