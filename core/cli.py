"""The command `digit-lab`: start the app, or read, train and evaluate without a browser."""

import argparse
import runpy
import sys
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

from core import console
from core.workspace import SHIPPED

USAGE = """\
  run        start pages and API; takes the options of `streamlit run`, such as --server.port 8600
  predict    read pictures
  train      train a network
  evaluate   measure a model

`digit-lab COMMAND --help` names each command's options."""


def main() -> None:
    """Run one command with the options behind it, exactly as `python scripts/COMMAND.py` would.

    The process ends with the command's exit code.
    """
    parser = argparse.ArgumentParser(
        prog="digit-lab", description=__doc__, epilog=USAGE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("run", "predict", "train", "evaluate"))
    parser.add_argument("options", nargs=argparse.REMAINDER, help="of the command")
    chosen = parser.parse_args()
    if chosen.command == "run":
        # By name, not by import: only core.ui knows Streamlit. It finds its configuration beside app.py.
        sys.argv = ["streamlit", "run", str(SHIPPED / "app.py"), *chosen.options]
        runpy.run_module("streamlit", run_name="__main__")
    else:
        sys.argv = [f"digit-lab {chosen.command}", *chosen.options]  # the name that its help and refusals begin with
        sys.exit(console.run(lambda: _load(chosen.command).main()))


def _load(command: str) -> ModuleType:
    """The script of that name as a module; in an installed package it lies beside the pages, outside any package."""
    spec = spec_from_file_location(command, SHIPPED / "scripts" / f"{command}.py")
    assert spec and spec.loader  # every Python file has both
    module = module_from_spec(spec)
    sys.modules[command] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
