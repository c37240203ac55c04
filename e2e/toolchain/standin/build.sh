#!/bin/sh
# Builds the stand-in into the folder given: bin/native-image, lib/builder.jar.
# JAVA_HOME must name a JDK of version 25. The result needs only a Java runtime.
set -eu

if [ $# -ne 1 ] || [ -z "${JAVA_HOME:-}" ]; then
  echo "usage: JAVA_HOME=<JDK 25> $0 OUTDIR" >&2
  exit 2
fi
source=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/bin" "$1/lib"
out=$(cd "$1" && pwd)
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT

find "$source/src" -name '*.java' | sort >"$classes/sources"
"$JAVA_HOME/bin/javac" -Xlint:all,-serial -Werror -encoding UTF-8 \
  --add-exports java.base/jdk.internal.access=ALL-UNNAMED -d "$classes/all" "@$classes/sources"

own=dev/anneal/standin
jar() {
  name=$1
  shift
  # One time for all entries makes the jars reproducible.
  "$JAVA_HOME/bin/jar" --create --file "$out/lib/$name" --date 2025-01-01T00:00:00Z "$@"
}
cd "$classes/all"
jar builder.jar "$own/builder" "$own/json" "$own/metadata" "$own/profile" "$own/rewrite" "$own/runtime" org
cp "$source/bin/native-image" "$out/bin/"
chmod 755 "$out/bin/native-image"
