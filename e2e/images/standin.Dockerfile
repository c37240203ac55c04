# The stand-in for GraalVM on the JVM image, for those who have a container engine:
#   docker build --file e2e/images/standin.Dockerfile --tag anneal.dev/standin:25 .
# Without one, `cargo xtask images build standin` makes the same. Build jvm.Dockerfile first.
FROM debian:trixie AS build
RUN apt-get update && apt-get install --yes --no-install-recommends openjdk-25-jdk-headless
COPY e2e/toolchain/standin/ /source/
RUN JAVA_HOME="$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")" /source/build.sh /image/opt/standin

FROM anneal.dev/jvm:25
COPY --from=build /image/ /
ENV PATH=/opt/standin/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
