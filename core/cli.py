"""The command `digit-lab`: start the app, or read, train and evaluate without a browser."""

import argparse
import getpass
import os
import runpy
import sys
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import segno

from core import console, words
from core.access import passphrase, place
from core.workspace import SHIPPED

USUAL_PORT = "8501"
PASSPHRASE = "DIGIT_LAB_PASSPHRASE"

USAGE = """\
  run        start pages and API; takes the options of `streamlit run`, such as --server.port 8600
             --share lets others in the network come in as guests; the owner signs in with a passphrase
  predict    read pictures
  read       read a great many pictures with all cores, into one file
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
    parser.add_argument("command", choices=("run", "predict", "read", "train", "evaluate"))
    parser.add_argument("options", nargs=argparse.REMAINDER, help="of the command")
    chosen = parser.parse_args()
    if chosen.command == "run":
        options = list(chosen.options)
        if "--share" in options:
            options.remove("--share")
            options = share(options)
        # By name, not by import: only core.ui knows Streamlit. It finds its configuration beside app.py.
        sys.argv = ["streamlit", "run", str(SHIPPED / "app.py"), *options]
        runpy.run_module("streamlit", run_name="__main__")
    else:
        sys.argv = [f"digit-lab {chosen.command}", *chosen.options]  # the name that its help and refusals begin with
        sys.exit(console.run(lambda: _load(chosen.command).main()))


def share(options: Sequence[str]) -> list[str]:
    """Make ready to let others in: a passphrase for the owner, the address in the network said and shown as a QR code.

    Takes and gives options of `streamlit run`; the process ends with a sentence where the passphrase won't do.
    """
    _settle_passphrase()
    port = _find_option(options, "--server.port") or USUAL_PORT
    # Behind a proxy the owner says which address people use.
    address = os.environ.get(place.SHARED, "")
    if not address.startswith("http"):
        address = f"http://{place.find_address() or 'localhost'}:{port}"
    os.environ[place.SHARED] = address
    print(f"\n  Others in this network open {address}\n")
    segno.make(address, micro=False).terminal(compact=True)
    if address.startswith("http:"):
        print("\n  Traffic is not encrypted: whoever is in the same network can read along. docs/operate.md says more.")
    listens = [] if _find_option(options, "--server.address") else ["--server.address", "0.0.0.0"]
    return [*options, *listens, *([] if _find_option(options, "--server.port") else ["--server.port", port])]


def _settle_passphrase() -> None:
    """Have one kept: what DIGIT_LAB_PASSPHRASE says, or what is typed where there is none yet."""
    given = os.environ.pop(PASSPHRASE, "")  # what the server starts need not know it
    if not given and not passphrase.is_set() and sys.stdin.isatty():
        print("Whoever starts and stops runs here signs in with a passphrase. There is none yet.")
        given = getpass.getpass("New passphrase: ")
        if given != getpass.getpass("Once more: "):
            sys.exit("These two differ. Start again.")
    if given:
        try:
            passphrase.choose(given)
        except passphrase.PassphraseError as error:
            sys.exit(str(error))
        except OSError as error:
            sys.exit(words.refused_by_disk(error))
    elif not passphrase.is_set():
        print(f"No passphrase is set: everybody is a guest. {PASSPHRASE} sets one, or a start in a terminal.")


def _find_option(options: Sequence[str], name: str) -> str:
    """The value of an option, given as `--name value` or `--name=value`; "" where it is not there."""
    for option, behind in zip(options, [*options[1:], ""], strict=False):
        if option == name:
            return behind
        if option.startswith(f"{name}="):
            return option.partition("=")[2]
    return ""


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
