# The training package with TensorFlow; data, runs and models are mounted, nothing of them is in the image.
#   make image-training        or        docker build -f deploy/training.Dockerfile -t tweet-sentiment-training .
# For a GPU, BASE names an image with NVIDIA's libraries and Python 3.11 to 3.13, such as
#   --build-arg BASE=tensorflow/tensorflow:2.21.0-gpu
# which then runs with `docker run --gpus all`. That way is not tested: no GPU was there to test it on.
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /src
COPY pyproject.toml requirements.txt README.md LICENSE ./
COPY consumer/__init__.py consumer/__init__.py
RUN pip install -c requirements.txt setuptools \
    && pip install -c requirements.txt --no-build-isolation '.[training]' \
    && pip uninstall --yes tweet-sentiment
COPY consumer consumer
COPY training training
RUN pip install --no-build-isolation --no-deps .

FROM ${BASE}
RUN useradd --system --uid 10001 --user-group --home-dir /training --no-create-home app \
    && install -d -o app -g app /training /training/Data /training/runs /training/Models /training/Report
WORKDIR /training
COPY --from=build /opt/venv /opt/venv
# A home that can be written to: matplotlib and the Hub's client keep their caches under it.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="tweet-sentiment-training" \
      org.opencontainers.image.description="Trains, measures and exports the models of tweet-sentiment" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
USER 10001
ENTRYPOINT ["python", "-m", "training"]
CMD ["--help"]
