# The command line: what is accepted, what is refused, and how.
probe=(-cp "$work/probe" probe.Probe)

"$standin/bin/native-image" --version >"$work/version.log" 2>&1
check "the version says that it is a stand-in" has "$work/version.log" standin
check "every start is logged first" is "$(head -n 1 "$work/version.log")" "standin-native-image: start"

image unknown --shrink-everything "${probe[@]}"
check "an unknown flag ends the build with status 1" is $? 1
check "an unknown flag is named" has "$work/unknown.log" "standin-native-image: Error: Unrecognized option(s): '--shrink-everything'"
image unknown -H:+Shrink "${probe[@]}"
check "an unknown -H: option is named" has "$work/unknown.log" "Could not find option 'Shrink'"
image unknown -march=z80 "${probe[@]}"
check "an unknown architecture is refused" has "$work/unknown.log" "Unsupported architecture 'z80'"
image unknown -cp "$work/probe" none.Main
check "a missing main class is named" has "$work/unknown.log" "Main entry point class 'none.Main' neither found"
image unknown -cp "$work/probe"
check "a main class is required" has "$work/unknown.log" "Please specify class"
image unknown -cp "$work/probe" --pgo-instrument --pgo=none.iprof probe.Probe
check "instrumenting and applying exclude each other" has "$work/unknown.log" "cannot be used together"

printf -- '-cp "%s"\n--no-fallback # a comment\n-O3 -march=native\n' "$work/probe" >"$work/arguments"
check "an argument file is read" image arguments "@$work/arguments" --install-exit-handlers --enable-url-protocols=http,https -H:IncludeLocales=de,fr \
  --initialize-at-build-time=a.B --initialize-at-run-time -H:+UnlockExperimentalVMOptions -H:-UnlockExperimentalVMOptions \
  --enable-http --enable-https --verbose probe.Probe
check "the report has the optimization level" has "$work/arguments.json" '"optimization_level": "3"'
check "the report has the architecture" has "$work/arguments.json" '"march": "native"'
check "the report says that no profile was used" has "$work/arguments.json" '"pgo": null'
check "the report says who built" has "$work/arguments.json" '"vendor_version": "standin '
check "the report has the size" has "$work/arguments.json" "\"total_bytes\": $(stat -c %s "$work/arguments")"
check "the report has the peak memory" grep -q '"peak_rss_bytes": [1-9]' "$work/arguments.json"

check "the executable passes program arguments" is "$("$work/arguments" echo a 'b c' -x 2>/dev/null)" "echo|a|b c|-x|null"
check "run-time options are not the program's" \
  is "$("$work/arguments" -Xmx64m -XX:+PrintGC -Dprobe.value='v w' echo a 2>/dev/null)" "echo|a|v w"
"$work/arguments" exit 2>/dev/null
check "the exit status is the program's" is $? 7
"$work/arguments" throw 2>"$work/throw.log"
check "an uncaught exception is status 1" is $? 1
check "an uncaught exception is printed" has "$work/throw.log" "IllegalStateException: thrown"
check "a main class comes from -jar's manifest" image jar -jar "$root/java/samples/http/target/http.jar"
image first "${probe[@]}"
cp "$work/first" "$work/first.copy"
image first "${probe[@]}"
check "equal inputs give equal executables" cmp "$work/first" "$work/first.copy"
