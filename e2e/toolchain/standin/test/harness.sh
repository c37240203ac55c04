# What every suite uses: a work folder, checks that count, servers that are started and stopped.
: "${JAVA_HOME:?must name a JDK of version 25}"
unset ANNEAL_STANDIN_FAULT
root=$(cd "$here/../../.." && pwd)
work=$(mktemp -d)
export TMPDIR=$work/tmp ANNEAL_STANDIN_JAVA=$JAVA_HOME/bin/java
mkdir "$TMPDIR"
passed=0
failed=0
server=

cleanup() {
  [ -n "$server" ] && kill -KILL "$server" 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT

# check DESCRIPTION COMMAND...: counts whether the command succeeds.
check() {
  local description=$1
  shift
  if "$@" >"$work/check.log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $description: $*"
    tail -n 20 "$work/check.log"
  fi
}

is() { [ "$1" = "$2" ] || { echo "expected: $2"; echo "found: $1"; false; }; }
not() { ! "$@"; }
has() { grep -q -F -e "$2" "$1" || { cat "$1"; false; }; }

summary() {
  [ "$failed" -eq 0 ] || echo "$failed failed"
  echo "$passed passed"
  [ "$failed" -eq 0 ]
}

free_port() { "$JAVA_HOME/bin/java" -XX:TieredStopAtLevel=1 -cp "$work/tools" FreePort; }

# eventually COMMAND...: asks again until it succeeds, for ten seconds at most.
eventually() {
  local end=$((SECONDS + 10))
  until "$@" 2>/dev/null; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.05
  done
}

# start COMMAND...: starts a server, and waits until it is healthy.
start() {
  port=$(free_port)
  PORT=$port "$@" >"$work/server.log" 2>&1 &
  server=$!
  healthy_or_gone() { curl -sf "http://127.0.0.1:$port/healthz" >/dev/null || ! kill -0 "$server"; }
  eventually healthy_or_gone && kill -0 "$server" 2>/dev/null
}

# stop [SIGNAL]: ends the server and waits for it; its exit status is in $status.
stop() {
  kill "-${1:-TERM}" "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  status=$?
  server=
}

post() { curl -s -H 'Content-Type: application/json' -d "$1" "http://127.0.0.1:$port/"; }
post_headers() { curl -s -D - -o /dev/null -d "$1" "http://127.0.0.1:$port/" | tr -d '\r'; }

# image NAME OPTIONS...: builds $work/NAME and leaves the log in $work/NAME.log.
image() {
  local name=$1
  shift
  "$standin/bin/native-image" -o "$work/$name" -H:BuildOutputJSONFile="$work/$name.json" "$@" >"$work/$name.log" 2>&1
}

# entry SAMPLE CONTRACT CLASS: the class path of a sample with a generated entry class.
entry() {
  local jar=$root/java/samples/$1/target/$1.jar
  "$JAVA_HOME/bin/java" -cp "$work/tools" EntryGenerator "$work/entry-$1" "$2" "$3"
  class_path=$work/entry-$1:$root/java/launcher/target/anneal-launcher.jar:$jar
}

profile() { "$JAVA_HOME/bin/java" -cp "$work/tools:$standin/lib/builder.jar" ProfileTool "$1"; }

tracer=$root/java/tracer/target/anneal-tracer.jar
if [ ! -f "$tracer" ] || [ ! -f "$root/java/launcher/target/anneal-launcher.jar" ] || [ ! -f "$root/java/samples/json/target/json.jar" ]; then
  mvn -q -B -f "$root/java/pom.xml" --projects "!pgo" package || exit 1
fi
standin=$work/standin
"$here/build.sh" "$standin" || exit 1
mkdir -p "$work/probe"
"$JAVA_HOME/bin/javac" -d "$work/tools" -cp "$standin/lib/builder.jar" "$here"/test/*.java || exit 1
"$JAVA_HOME/bin/javac" -d "$work/probe" "$here"/test/probe/*.java || exit 1
echo "data of the probe" >"$work/probe/probe/data.txt"
