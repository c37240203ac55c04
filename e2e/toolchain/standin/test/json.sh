# A library that works by reflection, from trace to optimized executable.
entry json FunctionString dev.anneal.samples.json.Totals
json=(-cp "$class_path" anneal.Entry)
body='{"customer":"Ann","lines":[{"item":"a","quantity":2,"cents":150},{"item":"b","cents":99}],"tags":["x"]}'

start "$JAVA_HOME/bin/java" -javaagent:"$tracer"=config-merge-dir="$work/json-metadata",config-write-period-secs=1,config-write-initial-delay-secs=0 \
  "${json[@]}"
expected=$(post "$body")
check "the sample works on the JVM" grep -q '"summary":{"cents":399' <<<"$expected"
check "the tracer writes while the program runs" eventually has "$work/json-metadata/reachability-metadata.json" '"dev.anneal.samples.json.Order"'
stop
metadata=-H:ConfigurationFileDirectories=$work/json-metadata

check "the plain build succeeds" image json "$metadata" --exact-reachability-metadata "${json[@]}"
check "the instrumented build succeeds" image json-i "$metadata" --pgo-instrument "${json[@]}"
start "$work/json"
check "the plain executable answers the same" is "$(post "$body")" "$expected"
stop
start "$work/json-i" -XX:ProfilesDumpFile="$work/json.iprof"
check "the instrumented executable answers the same" is "$(post "$body")" "$expected"
stop
check "the profile is valid" has <(profile "$work/json.iprof") valid
check "the optimized build succeeds" image json-o "$metadata" --exact-reachability-metadata --pgo="$work/json.iprof" "${json[@]}"
JAVA_TOOL_OPTIONS=-XX:AOTMode=on start "$work/json-o"
check "the optimized executable answers the same" is "$(post "$body")" "$expected"
stop
image json-bare --exact-reachability-metadata "${json[@]}"
start "$work/json-bare"
check "without metadata the missing type is named" grep -q -i \
  '^X-Anneal-Missing-Registration: dev.anneal.samples.json.Order$' <(post_headers "$body")
stop
