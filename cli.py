"""The front door of a checkout: ``python cli.py essay.txt`` is what ``detect essay.txt`` is once installed."""

from detector.commands.app import DEFAULT_COMMAND, app, main

__all__ = ["DEFAULT_COMMAND", "app", "main"]

if __name__ == "__main__":
    main()
