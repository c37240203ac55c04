# A server of its own on a known framework.
http=(-cp "$root/java/samples/http/target/http.jar" dev.anneal.samples.http.Main)

start "$JAVA_HOME/bin/java" -javaagent:"$tracer"=config-merge-dir="$work/http-metadata" "${http[@]}"
expected=$(post hello)
check "the sample works on the JVM" is "$expected" '{"bytes":5,"distinct":4}'
stop
metadata=-H:ConfigurationFileDirectories=$work/http-metadata
check "the plain build succeeds" image http "$metadata" --exact-reachability-metadata "${http[@]}"
start "$work/http"
check "the plain executable answers the same" is "$(post hello)" "$expected"
stop
check "the instrumented build succeeds" image http-i "$metadata" --pgo-instrument "${http[@]}"
start "$work/http-i" -XX:ProfilesDumpFile="$work/http.iprof"
check "the instrumented executable answers the same" is "$(post hello)" "$expected"
stop
check "the profile is valid" has <(profile "$work/http.iprof") valid
check "the optimized build succeeds" image http-o "$metadata" --exact-reachability-metadata --pgo="$work/http.iprof" "${http[@]}"
start "$work/http-o"
check "the optimized executable answers the same" is "$(post hello)" "$expected"
stop
