"""`python -m bpfcc` is the `bpfcc` command."""

from bpfcc.cli import main

if __name__ == "__main__":
    main()
