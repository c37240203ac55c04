package dev.anneal.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the documented options are called inside the builder. */
final class Options {
    private static final Map<String, String> FLAGS = Map.ofEntries(
            Map.entry("--no-fallback", "-H:FallbackThreshold=0"),
            Map.entry("--install-exit-handlers", "-H:+InstallExitHandlers"),
            Map.entry("--enable-all-security-services", "-H:+EnableAllSecurityServices"),
            Map.entry("--enable-http", "-H:EnableURLProtocols=http"),
            Map.entry("--enable-https", "-H:EnableURLProtocols=https"),
            Map.entry("--report-unsupported-elements-at-runtime", "-H:+ReportUnsupportedElementsAtRuntime"),
            Map.entry("--allow-incomplete-classpath", "-H:+AllowIncompleteClasspath"),
            Map.entry("--link-at-build-time", "-H:LinkAtBuildTime="),
            Map.entry("--exact-reachability-metadata", "-H:ThrowMissingRegistrationErrors="),
            Map.entry("--initialize-at-build-time", "-H:ClassInitialization=:build_time"),
            Map.entry("--shared", "-H:+SharedLibrary"),
            Map.entry("--static-nolibc", "-H:+StaticExecutableWithDynamicLibC"),
            Map.entry("--silent", "-H:+BuildOutputSilent"),
            Map.entry("-g", "-H:GenerateDebugInfo=2"),
            Map.entry("--gc=serial", "-H:+UseSerialGC"),
            Map.entry("--gc=epsilon", "-H:+UseEpsilonGC"));

    private static final Map<String, String> WITH_VALUE = Map.ofEntries(
            Map.entry("--enable-url-protocols", "-H:EnableURLProtocols="),
            Map.entry("--link-at-build-time", "-H:LinkAtBuildTime="),
            Map.entry("--link-at-build-time-paths", "-H:LinkAtBuildTimePaths="),
            Map.entry("--exact-reachability-metadata", "-H:ThrowMissingRegistrationErrors="),
            Map.entry("--exact-reachability-metadata-path", "-H:ThrowMissingRegistrationErrorsPaths="),
            Map.entry("--features", "-H:Features="),
            Map.entry("--add-exports", "-H:AddExports="),
            Map.entry("--add-opens", "-H:AddOpens="),
            Map.entry("--add-reads", "-H:AddReads="),
            Map.entry("--enable-native-access", "-H:EnableNativeAccess="),
            Map.entry("--parallelism", "-H:NumberOfThreads="),
            Map.entry("--color", "-H:Color="),
            Map.entry("--native-compiler-path", "-H:CCompilerPath="),
            Map.entry("--native-compiler-options", "-H:CCompilerOption="),
            Map.entry("--future-defaults", "-H:FutureDefaults="),
            Map.entry("-march", "-H:MicroArchitecture="));

    private static final Map<String, String> INITIALIZATION = Map.of(
            "--initialize-at-build-time", ":build_time",
            "--initialize-at-run-time", ":run_time",
            "--rerun-class-initialization-at-runtime", ":run_time");

    private static final Set<String> NEXT_WORD = Set.of("--add-exports", "--add-opens", "--add-reads", "--enable-native-access");
    private static final Set<String> LEVELS = Set.of("b", "0", "1", "2", "3", "s");

    private Options() {
    }

    /** The value may stand in the next word. */
    static boolean takesNextWord(String argument) {
        return NEXT_WORD.contains(argument);
    }

    /** The builder's options for a documented one, or null if there is no such option. */
    static List<String> translate(String argument) throws Problem {
        if (argument.equals("--gc=G1")) {
            throw new Problem("Could not find option 'UseG1GC' for '--gc=G1': that collector is not part of GraalVM Community Edition.");
        }
        if (argument.startsWith("-O") && LEVELS.contains(argument.substring(2))) {
            return List.of("-H:Optimize=" + argument.substring(2));
        }
        int equals = argument.indexOf('=');
        if (equals < 0 || FLAGS.containsKey(argument)) {
            String flag = FLAGS.get(argument);
            return flag == null ? null : List.of(flag);
        }
        String name = argument.substring(0, equals);
        String value = argument.substring(equals + 1);
        String kind = INITIALIZATION.get(name);
        if (kind != null) {
            return List.of("-H:ClassInitialization=" + initialization(value, kind));
        }
        String option = WITH_VALUE.get(name);
        return option == null ? null : List.of(option + value);
    }

    private static String initialization(String list, String kind) {
        List<String> items = new ArrayList<>();
        for (String item : list.split(",")) {
            items.add(item.strip() + kind);
        }
        return String.join(",", items);
    }

    /**
     * Says where an option comes from. The builder warns of options that only experts should use, but not where the user
     * wrote a documented one ({@code user+api}) or none at all ({@code driver}).
     */
    static String from(String origin, String option) {
        int equals = option.indexOf('=');
        return equals < 0 ? option + "@" + origin : option.substring(0, equals) + "@" + origin + option.substring(equals);
    }
}
