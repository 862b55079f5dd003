"""Lets `python -m ckpt_studio` start the same program as the `ckpt-studio` command."""

from ckpt_studio.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
