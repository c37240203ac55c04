# Accesses by name in all their kinds, and counts that are known in advance.
probe=(-cp "$work/probe" probe.Probe)
trace() { "$JAVA_HOME/bin/java" "-javaagent:$tracer=$1" -cp "$work/probe" "${@:2}" >/dev/null 2>&1; }
runs() { "$work/$1" "${@:2}" 2>"$work/probe.err"; }

check "the build without metadata succeeds" image exact --exact-reachability-metadata "${probe[@]}"
check "constant look-ups need no metadata" is "$(runs exact constants)" "a1 field"
runs exact names
check "an unlisted type is an error" has "$work/probe.err" "MissingReflectionRegistrationError: Cannot"
runs exact resource
check "an unlisted resource is an error" has "$work/probe.err" "MissingResourceRegistrationError: Cannot open the resource 'probe/data.txt'"
check "the error has the entry" has "$work/probe.err" '{"glob": "probe/data.txt"}'
runs exact -XX:MissingRegistrationReportingMode=Warn resource >"$work/probe.out"
check "warnings let the program go on" has "$work/probe.out" "no resource"
check "warnings are printed on standard output" has "$work/probe.out" "MissingResourceRegistrationError"
runs exact -XX:MissingRegistrationReportingMode=Exit resource
check "the mode Exit ends with status 172" is $? 172
check "the soft build succeeds" image soft "${probe[@]}"
check "without exactness an unlisted resource is absent" is "$(runs soft resource)" "no resource"
runs soft -Dprobe.suffix=Other names
check "without exactness an unlisted type is absent" has "$work/probe.err" "ClassNotFoundException: probe.Probe\$Other"

trace config-output-dir="$work/traced" probe.Probe names
trace config-merge-dir="$work/traced" probe.Probe resource
check "the tracer merges" has "$work/traced/reachability-metadata.json" '"probe.Probe$Target"'
check "the tracer lists resources" has "$work/traced/reachability-metadata.json" '"glob":"probe/data.txt"'
cp "$work/traced/reachability-metadata.json" "$work/traced.first"
trace config-merge-dir="$work/traced" probe.Probe names
check "the tracer's order is always the same" cmp "$work/traced/reachability-metadata.json" "$work/traced.first"
check "the build with metadata succeeds" image listed --exact-reachability-metadata \
  -H:ConfigurationFileDirectories="$work/traced" "${probe[@]}"
check "listed names work" is "$(runs listed names)" "b2 written proxied"
check "a listed resource works" is "$(runs listed resource)" "data of the probe"

packaged=$work/probe-packaged
cp -r "$work/probe" "$packaged"
mkdir -p "$packaged/META-INF/native-image/group/probe" "$packaged/META-INF/native-image/other"
echo 'Args = --exact-reachability-metadata -H:ResourceConfigurationResources=${.}/resource-config.json' \
  >"$packaged/META-INF/native-image/group/probe/native-image.properties"
echo '{"resources":{"includes":[{"pattern":"\\Qprobe/data.txt\\E"}]}}' \
  >"$packaged/META-INF/native-image/group/probe/resource-config.json"
cp "$work/traced/reachability-metadata.json" "$packaged/META-INF/native-image/other/"
check "properties in the class path apply" image packaged -cp "$packaged" probe.Probe
check "metadata in the class path applies" is "$(runs packaged names)" "b2 written proxied"
check "older configuration in the class path applies" is "$(runs packaged resource)" "data of the probe"
echo '{' >"$work/traced/reachability-metadata.json"
image broken -H:ConfigurationFileDirectories="$work/traced" "${probe[@]}"
check "broken metadata ends the build" has "$work/broken.log" "Error parsing reachability metadata in $work/traced"

check "the instrumented build succeeds" image counted --pgo-instrument "${probe[@]}"
runs counted -XX:ProfilesDumpFile="$work/probe.iprof" counts
profile "$work/probe.iprof" >"$work/probe.profile"
check "the profile is valid" has "$work/probe.profile" valid
check "calls of four threads are exact" has "$work/probe.profile" "callCountProfiles probe.Probe.choose 0 [400000]"
check "a switch with shared successors is exact" grep -q -E \
  'conditionalProfiles probe.Probe.choose [0-9]+ \[[0-9]+, 0, 80000, -5, 0, 80000, [0-9]+, 1, 80000, [0-9]+, 2, 160000\]' "$work/probe.profile"
check "receivers are exact" grep -q -E \
  'virtualInvokeProfiles probe.Probe.work [0-9]+ \[probe.Probe\$Other, 100000, probe.Probe\$Target, 300000\]' "$work/probe.profile"
check "monitors are exact" has "$work/probe.profile" 'monitorProfiles monitors 0 [[Lprobe.Probe$Target;, 400000]'
runs counted -XX:ProfilesDumpFile="$work/exited.iprof" exit
check "a program that calls exit leaves its profile" has <(profile "$work/exited.iprof") valid
(cd "$work" && ./counted echo >/dev/null 2>&1)
check "the default name is default.iprof" test -f "$work/default.iprof"
instructions=$("$JAVA_HOME/bin/javap" -c -p -cp "$work/probe" probe.Probe | sed -n '/ work(int)/,/^$/p')
bci=$(sed -n 's/^ *\([0-9]*\): invokevirtual.*value:.*/\1/p' <<<"$instructions")
check "places are those of the original bytecode" grep -q "virtualInvokeProfiles probe.Probe.work $bci " "$work/probe.profile"
