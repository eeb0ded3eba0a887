"""`python -m ecr_audit`: the same as the console script."""

from ecr_audit.cli import main

if __name__ == "__main__":
    main()
