# Every fault, asked for by the environment or by a marker in the class path.
probe=(-cp "$work/probe" probe.Probe)
fault() { ANNEAL_STANDIN_FAULT=$1 image "${@:2}" "${probe[@]}"; }

fault community community-i --pgo-instrument
check "community refuses to instrument" is $? 1
check "community says why" has "$work/community-i.log" "only available in Oracle GraalVM"
fault community community-o --pgo="$work/probe.iprof"
check "community refuses a profile" is $? 1
check "community builds without a profile" fault community community
fault compile-error compile-error
check "a compile error is status 1" is $? 1
check "a compile error leaves nothing" not test -e "$work/compile-error"
fault out-of-memory out-of-memory
check "out of memory is status 1" is $? 1
check "out of memory is real" has "$work/out-of-memory.log" "java.lang.OutOfMemoryError: Java heap space"
check "no artifact is a success" fault no-artifact no-artifact
check "no artifact leaves nothing" not test -e "$work/no-artifact"
ANNEAL_STANDIN_FAULT=hang timeout -s TERM 3 "$standin/bin/native-image" "${probe[@]}" >/dev/null 2>&1
check "a hang lasts until a signal" is $? 124
fault typo typo
check "an unknown fault is named" has "$work/typo.log" "there is no fault of the name 'typo'"

fault no-profile-at-exit no-profile --pgo-instrument
"$work/no-profile" -XX:ProfilesDumpFile="$work/no.iprof" echo >/dev/null 2>&1
check "without a profile the status is still 0" is $? 0
check "there is no profile" not test -e "$work/no.iprof"
fault cut-profile cut --pgo-instrument
"$work/cut" -XX:ProfilesDumpFile="$work/cut.iprof" echo >/dev/null 2>&1
image cut-o --pgo="$work/cut.iprof" "${probe[@]}"
check "a cut profile is refused" has "$work/cut-o.log" "Failed to load the profile"
fault crash-optimized crash --pgo="$work/probe.iprof"
"$work/crash" echo >/dev/null 2>&1
check "the optimized executable ends at its start" is $? 1
fault crash-optimized no-crash
check "only the optimized executable ends" is "$("$work/no-crash" echo 2>/dev/null)" "echo|null"

mkdir -p "$work/marked/META-INF"
cp -r "$work/probe/probe" "$work/marked/"
echo compile-error >"$work/marked/META-INF/standin-fault"
"$JAVA_HOME/bin/jar" --create --file "$work/marked.jar" -C "$work/marked" .
image marked -cp "$work/marked.jar" probe.Probe
check "a marker in the jar asks for a fault too" has "$work/marked.log" "this fault was asked for"
check "the jar still runs on the JVM" is "$("$JAVA_HOME/bin/java" -cp "$work/marked.jar" probe.Probe echo)" "echo|null"
