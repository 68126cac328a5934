# The pipeline in a box: `make repro` on the machine's GPUs, or on its processor (REQUIREMENTS=cpu).
# CUDA comes with TensorFlow's packages, the driver from NVIDIA's container runtime: a small Python is enough.
FROM python:3.12-slim-bookworm

# Debian keeps one version of each package only: a pinned one would soon be gone.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --uid 1000 podium \
    && install --directory --owner=podium --group=podium /podium /scratch
USER 1000:1000
WORKDIR /podium

ARG REQUIREMENTS=gpu
ENV REQUIREMENTS=${REQUIREMENTS} \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1 \
    PODIUM_SCRATCH=/scratch \
    KERAS_HOME=/scratch/keras \
    PATH=/podium/.venv/bin:${PATH} \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

# All that set-up reads; the README and the package are stand-ins, so a change of code installs nothing anew.
COPY --chown=1000:1000 Makefile pyproject.toml LICENSE ./
COPY --chown=1000:1000 requirements requirements
RUN mkdir -p src/podium && touch README.md src/podium/__init__.py \
    && make setup \
    && pip install --quiet --require-hashes --requirement requirements/remotes.txt

# Everything git knows, and its history: DVC wants a git repository, `dvc metrics diff` a past.
COPY --chown=1000:1000 . .
# The files just copied may be younger than the stamp of set-up, which has seen their contents.
RUN touch ".venv/installed-${REQUIREMENTS}" \
    && make --question setup \
    && mkdir -p .dvc/cache \
    && git rev-parse HEAD

VOLUME ["/podium/data/raw", "/podium/.dvc/cache", "/scratch"]
CMD ["make", "repro"]
