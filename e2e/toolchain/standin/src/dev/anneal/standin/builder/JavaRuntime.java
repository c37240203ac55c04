package dev.anneal.standin.builder;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The JVM below an executable, and how each kind of image runs it. */
final class JavaRuntime {
    static final String START = "dev.anneal.standin.runtime.Start";
    static final String TRAINING = "dev.anneal.standin.runtime.Training";

    /** One compiler for all images: a second one would recompile while requests are measured. */
    private static final List<String> COMMON =
            List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-XX:MaxRAMPercentage=50");

    private JavaRuntime() {
    }

    static String executable() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    static List<String> flags(String mode) {
        return switch (mode) {
            // Nothing is known to be worth inlining without a profile.
            case "plain" -> append("-XX:-Inline");
            case "instrumented" -> append("--add-exports=java.base/jdk.internal.access=ALL-UNNAMED");
            // With a profile calls are inlined, and compiled almost at once.
            default -> append("-XX:CompileThresholdScaling=0.02");
        };
    }

    private static List<String> append(String flag) {
        return Stream.concat(COMMON.stream(), Stream.of(flag)).toList();
    }
}
