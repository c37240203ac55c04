# A class that only a rare request reaches.
entry reflect Map dev.anneal.samples.reflect.Operations
reflect=(-cp "$class_path" anneal.Entry)
rare='{"op":"rare","text":"abc"}'

start "$JAVA_HOME/bin/java" -javaagent:"$tracer"=config-merge-dir="$work/reflect-metadata" "${reflect[@]}"
post '{"op":"common"}' >/dev/null
stop
metadata=-H:ConfigurationFileDirectories=$work/reflect-metadata
image reflect "$metadata" --exact-reachability-metadata "${reflect[@]}"
start "$work/reflect"
check "the common request works" is "$(post '{"op":"common"}' | tr -d '{}' | tr , '\n' | sort | tr -d '\n')" '"op":"common""result":"TEXT"'
check "the rare request names what is missing" grep -q -i '^X-Anneal-Missing-Registration: dev.anneal.samples.reflect.Rare$' <(post_headers "$rare")
check "the rare request is a failure" grep -q '^HTTP/1.1 500 ' <(post_headers "$rare")
check "its body says why" grep -q '"error":"missing registration"' <(post "$rare")
check "the executable serves on" grep -q TEXT <(post '{"op":"common"}')
stop

start "$JAVA_HOME/bin/java" -javaagent:"$tracer"=config-merge-dir="$work/reflect-metadata" "${reflect[@]}"
check "the JVM serves the rare request" grep -q '"result":"cba"' <(post "$rare")
stop
image reflect "$metadata" --exact-reachability-metadata "${reflect[@]}"
start "$work/reflect"
check "after another trace the rare request works" grep -q '"result":"cba"' <(post "$rare")
stop
image reflect-soft "${reflect[@]}"
start "$work/reflect-soft"
check "without exactness the rare request fails like any other" grep -q '"error":"function failed"' <(post "$rare")
stop
