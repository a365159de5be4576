"""`python -m daeri.cli`."""

from daeri.cli import main

main()
