# docker build --build-arg TORCH_INDEX=ADDRESS -t digit-lab .
# docker run --read-only --tmpfs /run/digit-lab -p 8501:8501 -v digit-lab:/data -e DIGIT_LAB_PASSPHRASE="four plain words" digit-lab
# Visitors are guests; the passphrase makes the owner. Its hash stays in the volume: later starts need it no more.
# -e DIGIT_LAB_SHARE=http://ADDRESS:8501 says which address people use: the container knows only its own.
# ADDRESS of torch for the processor alone follows --index-url in the command that pytorch.org shows for Linux, Pip and
# CPU; without it the usual build comes, with 5 GB of CUDA.
FROM python:3.11-slim AS build
ARG TORCH_INDEX=
WORKDIR /src
# The packages first, so that a changed line of code doesn't install them again.
COPY requirements.txt deploy/install.sh ./
RUN TORCH_INDEX="$TORCH_INDEX" ./install.sh packages /srv/digit-lab
COPY . .
RUN deploy/install.sh app /srv/digit-lab

FROM python:3.11-slim
COPY --from=build /srv/digit-lab /srv/digit-lab
# What people make lies in a volume: models, runs, My digits. Nothing else can be written.
RUN useradd --create-home --uid 1000 lab && mkdir /data /run/digit-lab && chown lab /data /run/digit-lab
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/srv/digit-lab/app DIGIT_LAB_HOME=/data TMPDIR=/run/digit-lab \
    PATH=/srv/digit-lab/venv/bin:$PATH
WORKDIR /srv/digit-lab/app
VOLUME /data
USER lab
EXPOSE 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/health', timeout=4)"]
CMD ["python", "-m", "core.cli", "run", "--share", "--server.address=0.0.0.0", "--server.port=8501"]
