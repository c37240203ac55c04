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

FROM scratch
COPY --from=build /image/ /
ENV PATH=/ HOME=/tmp
USER 65532:65532
ENTRYPOINT ["/anneal"]
