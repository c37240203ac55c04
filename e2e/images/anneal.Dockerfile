# The operator's image, for those who have a container engine:
#   docker build --file e2e/images/anneal.Dockerfile --tag anneal.dev/anneal:dev .
# Without one, `cargo xtask images build anneal` makes the same.
FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends cmake ca-certificates
WORKDIR /source
COPY . .
RUN triple="$(uname -m)-unknown-linux-gnu" \
 && RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --target "$triple" --package anneal \
 && install -D -m 0555 "target/$triple/release/anneal" /image/anneal \
 && install -D -m 0444 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
 && install -d -m 1777 /image/tmp

FROM debian:trixie AS jars
RUN apt-get update && apt-get install --yes --no-install-recommends openjdk-25-jdk-headless maven ca-certificates
COPY java/ /source/
RUN JAVA_HOME="$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")" \
    mvn --batch-mode --file /source/pom.xml --projects launcher,tracer package -DskipTests \
 && install -D -m 0444 /source/launcher/target/anneal-launcher.jar /image/anneal-launcher.jar \
 && install -m 0444 /source/tracer/target/anneal-tracer.jar /image/anneal-tracer.jar

FROM scratch
COPY --from=build /image/ /
COPY --from=jars /image/ /
ENV PATH=/ HOME=/tmp
USER 65532:65532
ENTRYPOINT ["/anneal"]
