"""``python -m fauve``."""

from fauve.cli import main

if __name__ == "__main__":
    main()
