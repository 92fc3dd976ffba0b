"""Ask whether any installed package has a known hole; says how many could be asked about.

    python deploy/audit.py

Without a way to the internet it says so and fails nothing.
"""

import json
import subprocess
import sys


def main() -> int:
    """Give 1 where something is known, else 0."""
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--skip-editable", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"No package was audited: {(done.stderr.strip() or 'no answer').splitlines()[-1]}")
        return 0
    asked = [package for package in packages if "vulns" in package]
    for package in asked:
        for hole in package["vulns"]:
            print(f"{package['name']} {package['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions'])}")
    print(f"{len(asked)} packages audited, {len(packages) - len(asked)} that the list of holes doesn't know from here.")
    return int(any(package["vulns"] for package in asked))


if __name__ == "__main__":
    sys.exit(main())
