"""`python -m mocap` does what the command `mocap` does."""

from mocap.cli import main

if __name__ == "__main__":
    main()
