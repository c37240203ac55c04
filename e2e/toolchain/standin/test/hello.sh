# The contract Map from trace to optimized executable, with exact counts and the life of a profile.
entry hello Map dev.anneal.samples.hello.Hello
hello=(--no-fallback -cp "$class_path" anneal.Entry)
body='{"name":"Ann"}'

start "$JAVA_HOME/bin/java" -javaagent:"$tracer"=config-merge-dir="$work/hello-metadata" -cp "$class_path" anneal.Entry
check "the traced JVM serves" is $? 0
expected=$(post "$body")
stop
check "the traced JVM answers" is "${expected:0:25}" '{"message":"Hello, Ann","'
check "the tracer wrote its file" has "$work/hello-metadata/reachability-metadata.json" '"reflection"'
metadata=-H:ConfigurationFileDirectories=$work/hello-metadata

check "the plain build succeeds" image hello "$metadata" --exact-reachability-metadata "${hello[@]}"
start "$work/hello"
check "the plain executable answers the same" is "$(post "$body")" "$expected"
stop
check "the plain executable ends by SIGTERM" is "$status" 143

check "the instrumented build succeeds" image hello-i "$metadata" --pgo-instrument "${hello[@]}"
check "the report says instrument" has "$work/hello-i.json" '"instrument"'
start "$work/hello-i" -XX:ProfilesDumpFile="$work/hello.iprof"
seq 40 | xargs -P 4 -I{} curl -s -o "$work/answers.{}" -d "$body" "http://127.0.0.1:$port/"
check "the instrumented executable answers the same" is "$(for file in "$work"/answers.*; do cat "$file"; echo; done | sort -u)" "$expected"
check "there is no profile before the end" not test -e "$work/hello.iprof"
stop
check "the profile is valid" has <(profile "$work/hello.iprof") valid
profile "$work/hello.iprof" >"$work/hello.profile"
check "calls are exact" has "$work/hello.profile" "callCountProfiles dev.anneal.samples.hello.Hello.main 0 [40]"
check "branches are exact" grep -q "conditionalProfiles dev.anneal.samples.hello.Hello.card [0-9]* \[[0-9]*, 0, 40, [0-9]*, 1, 8000\]" "$work/hello.profile"
check "the launcher is counted too" has "$work/hello.profile" "callCountProfiles dev.anneal.launcher.FunctionEndpoint.answer 0 [40]"

start "$work/hello-i" -XX:ProfilesDumpFile="$work/killed.iprof"
post "$body" >/dev/null
stop KILL
check "SIGKILL leaves no profile" not test -e "$work/killed.iprof"

check "the optimized build succeeds" image hello-o "$metadata" --exact-reachability-metadata --pgo="$work/hello.iprof" "${hello[@]}"
check "its log has the applicability" grep -q -E '^Info: PGO: Profile applicability is [0-9]+\.[0-9]{2}%\. Profile relevance is 100\.00%\.$' "$work/hello-o.log"
check "its report says user-provided" has "$work/hello-o.json" '"user-provided"'
JAVA_TOOL_OPTIONS=-XX:AOTMode=on start "$work/hello-o"
check "the optimized executable starts from its cache" is $? 0
check "the optimized executable answers the same" is "$(post "$body")" "$expected"
stop
mkdir "$work/elsewhere"
cp "$work/hello-o" "$work/elsewhere/renamed"
JAVA_TOOL_OPTIONS=-XX:AOTMode=on TMPDIR=$work/elsewhere start "$work/elsewhere/renamed"
check "a copy with another folder for its cache uses it too" is "$(post "$body")" "$expected"
stop
TMPDIR=/proc start "$work/hello-o"
check "without a writable folder it starts without cache" is "$(post "$body")" "$expected"
stop
if [ "$(id -u)" -eq 0 ]; then
  mkdir "$work/home" && chown 65532:65532 "$work/home" && chmod 755 "$work"
  TMPDIR=$work/home start setpriv --reuid=65532 --regid=65532 --clear-groups "$work/hello-o"
  check "it runs as another user" is "$(post "$body")" "$expected"
  stop
fi

gzip -k "$work/hello.iprof"
check "compressed and several profiles are read" image hello-o2 --pgo="$work/hello.iprof.gz,$work/hello.iprof" "${hello[@]}"
for edit in 's/"1.1.0"/"2.0.0"/' 's/"types"/"kinds"/' 's/"records":\[40\]/"records":[-40]/' 's/"ctx":"[0-9]*:0"/"ctx":"99999:0"/' \
  's/.{30}$//' 's/"records":\[40\]/"records":[4,0]/'; do
  sed -E "$edit" "$work/hello.iprof" >"$work/bad.iprof"
  image bad --pgo="$work/bad.iprof" "${hello[@]}"
  check "a profile changed by $edit ends the build with status 1" is $? 1
  check "the log names the profile" has "$work/bad.log" "Failed to load the profile $work/bad.iprof"
done
image bad --pgo="$work/absent.iprof" "${hello[@]}"
check "an absent profile ends the build" is $? 1

entry sleep Map dev.anneal.samples.sleep.Sleep
image sleep-i --pgo-instrument -cp "$class_path" anneal.Entry
start "$work/sleep-i" -XX:ProfilesDumpFile="$work/sleep.iprof"
post '{"ms":5000}' >"$work/slow" &
slow=$!
# Virtual threads stand in this dump alone.
runs_the_function() {
  "$JAVA_HOME/bin/jcmd" "$server" Thread.dump_to_file -overwrite "$work/threads" >/dev/null && grep -q 'dev\.anneal\.samples\.sleep\.Sleep\.main' "$work/threads"
}
check "the request has reached the function" eventually runs_the_function
stop
wait "$slow"
check "a request in flight at SIGTERM is answered" is "$(cat "$work/slow")" '{"slept":5000}'
check "a request in flight at SIGTERM is counted" has <(profile "$work/sleep.iprof") "callCountProfiles dev.anneal.samples.sleep.Sleep.main 0 [1]"

entry filehash Map dev.anneal.samples.filehash.FileHash
head -c 300000 /dev/urandom >"$work/file"
"$JAVA_HOME/bin/jwebserver" -b 127.0.0.1 -p 0 -d "$work" >"$work/files.log" 2>&1 &
files=$!
image filehash --exact-reachability-metadata -cp "$class_path" anneal.Entry
start "$work/filehash"
eventually grep -q '^URL ' "$work/files.log"
files_url=$(sed -n 's/^URL //p' "$work/files.log")
check "the hash is right" is "$(post "{\"url\":\"${files_url}file\"}")" \
  "{\"sha256\":\"$(sha256sum <"$work/file" | cut -d ' ' -f 1)\",\"bytes\":300000}"
stop
kill "$files"
