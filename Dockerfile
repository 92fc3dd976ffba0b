# docker build -t digit-lab .
# docker run -p 8501:8501 -v digit-lab:/data -e DIGIT_LAB_PASSPHRASE="four plain words" digit-lab
# Visitors are guests; the passphrase makes the owner. Its hash stays in the volume: later starts need it no more.
# -e DIGIT_LAB_SHARE=http://ADDRESS:8501 says which address people use: the container knows only its own.
FROM python:3.11-slim

# Where to get torch and torchvision from. Empty: the usual index, whose Linux build carries CUDA (5 GB) and runs without a
# GPU too. For the much smaller CPU build give the address that follows --index-url in the command that pytorch.org shows
# for Linux, Pip and CPU: docker build --build-arg TORCH_INDEX=ADDRESS -t digit-lab .
ARG TORCH_INDEX=

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/app PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# The packages first, so that a changed line of code doesn't install them again. The project itself (-e) is on PYTHONPATH.
COPY requirements.txt .
RUN grep -E '^torch(vision)?[<>=]' requirements.txt > torch.txt \
    && grep -v '^-e' requirements.txt > others.txt \
    && if [ -n "$TORCH_INDEX" ]; then python -m pip install --index-url "$TORCH_INDEX" -r torch.txt; fi \
    && python -m pip install -r others.txt && rm torch.txt others.txt

COPY . .

# What people make lies in a volume: models, runs, My digits. The app itself can't be changed by whoever breaks into it.
RUN useradd --create-home lab && mkdir /data && chown lab /data
ENV DIGIT_LAB_HOME=/data
VOLUME /data
USER lab

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/health', timeout=4)"]
CMD ["python", "-m", "core.cli", "run", "--share", "--server.address=0.0.0.0", "--server.port=8501"]
