#!/bin/bash
# Tests the stand-in for real: builds it, takes sample functions from trace to optimized executable, and plays every fault.
# JAVA_HOME must name a JDK of version 25. The samples must be built: mvn -q -f java/pom.xml package
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/test/harness.sh"
for suite in options hello probe json reflect http faults; do
  echo "== $suite"
  . "$here/test/$suite.sh"
done
summary
