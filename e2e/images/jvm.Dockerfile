# The JVM image of the suites, for those who have a container engine:
#   docker build --file e2e/images/jvm.Dockerfile --tag anneal.dev/jvm:25 .
# Without one, `cargo xtask images build jvm` assembles it from the same packages.
FROM debian:trixie-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends openjdk-25-jre-headless ca-certificates \
 && rm -rf /var/lib/apt/lists/*
ENV LANG=C.UTF-8
USER 65532:65532
