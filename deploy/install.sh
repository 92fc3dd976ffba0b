#!/bin/sh
# Puts the app into PREFIX, for the Dockerfile and for a server without containers:
#     deploy/install.sh packages PREFIX [PIP OPTIONS]   a virtual environment with what requirements.txt names
#     deploy/install.sh app PREFIX                      the app itself, readable by all and writable by none
# The first is the slow one and changes seldom. Run it from the checkout's folder.
set -eu
step=$1
prefix=$2
shift 2
python=${PYTHON:-python3}
case $step in
packages)
    mkdir -p "$prefix"
    "$python" -m venv "$prefix/venv"
    grep -E '^torch(vision)?[<>=]' requirements.txt >"$prefix/torch.txt"
    grep -v '^-e' requirements.txt >"$prefix/others.txt"
    # torch for the processor alone is a fifth of the usual one: TORCH_INDEX says where it is.
    if [ -n "${TORCH_INDEX:-}" ]; then
        "$prefix/venv/bin/python" -m pip install --no-cache-dir --index-url "$TORCH_INDEX" -r "$prefix/torch.txt"
    fi
    "$prefix/venv/bin/python" -m pip install --no-cache-dir "$@" -r "$prefix/others.txt" "psycopg[binary]>=3.1,<4"
    rm "$prefix/torch.txt" "$prefix/others.txt"
    ;;
app)
    mkdir -p "$prefix/app"
    cp -R Home.py app.py pages core scripts samples .streamlit "$prefix/app/"
    mkdir -p "$prefix/app/data" "$prefix/app/models"
    cp models/README.md models/ink.* models/modern.* models/reference.* "$prefix/app/models/" # not what people made
    cp data/README.md data/*.gz data/glyphs.npz data/page_shapes.npz "$prefix/app/data/"
    find "$prefix/app" -name __pycache__ -prune -exec rm -r {} +
    "$python" -m compileall -q "$prefix/app/core" "$prefix/app/pages" # nothing can be written there later
    chmod -R a+rX,a-w "$prefix/app"
    ;;
*)
    echo "deploy/install.sh: packages or app is wanted, not $step" >&2
    exit 2
    ;;
esac
