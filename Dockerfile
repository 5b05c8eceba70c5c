# syntax=docker/dockerfile:1
# The one image of Quittance: its only program, and what that needs to run.
ARG RUST_VERSION=1.95
ARG DEBIAN_VERSION=12.15

FROM rust:${RUST_VERSION}-slim-bookworm AS build
# For librdkafka, which is built from source with the system's OpenSSL.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ libssl-dev make pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# What is built before stays in the caches; the program has to leave them, since they are no part of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --package quittance-cli \
    && cp target/release/quittance /usr/local/bin/

# The same Debian as above, so that the program finds the libraries that it was linked to.
FROM debian:${DEBIAN_VERSION}-slim
RUN apt-get update \
    && apt-get upgrade --yes \
    && apt-get install --yes --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/local/bin/quittance /usr/local/bin/
COPY --chmod=755 docker/healthy-http /usr/local/bin/
# For a volume, which takes its owner from here.
RUN install --directory --owner=10001 --group=10001 /var/lib/quittance
# A number, because Kubernetes cannot tell of a name whether it is root. It owns no other file and needs none: the root
# filesystem may be read-only.
USER 10001:10001
ENTRYPOINT ["quittance"]
CMD ["--help"]
