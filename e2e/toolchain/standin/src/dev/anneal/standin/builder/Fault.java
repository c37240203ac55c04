package dev.anneal.standin.builder;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Faults that a suite asks for by the environment or by a marker file in the class path. */
enum Fault {
    /** The edition without profile-guided optimization. */
    COMMUNITY,
    /** The build fails. */
    COMPILE_ERROR,
    /** The build takes memory until there is none. */
    OUT_OF_MEMORY,
    /** The build never ends. */
    HANG,
    /** The build succeeds and leaves nothing. */
    NO_ARTIFACT,
    /** The instrumented executable ends without a profile. */
    NO_PROFILE_AT_EXIT,
    /** The instrumented executable leaves half a profile. */
    CUT_PROFILE,
    /** The optimized executable ends at its start. */
    CRASH_OPTIMIZED;

    static final String VARIABLE = "ANNEAL_STANDIN_FAULT";
    static final String MARKER = "META-INF/standin-fault";

    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Set<Fault> wanted(ClassPath classPath) throws BuildProblem {
        Set<Fault> faults = EnumSet.noneOf(Fault.class);
        add(faults, System.getenv().getOrDefault(VARIABLE, ""));
        byte[] marker = classPath.files().get(MARKER);
        if (marker != null) {
            add(faults, new String(marker, StandardCharsets.UTF_8));
        }
        return faults;
    }

    private static void add(Set<Fault> faults, String words) throws BuildProblem {
        for (String word : words.trim().split("[\\s,]+")) {
            if (!word.isEmpty()) {
                faults.add(Arrays.stream(values()).filter(fault -> fault.word().equals(word)).findFirst()
                        .orElseThrow(() -> new BuildProblem("Error: there is no fault of the name '" + word + "'")));
            }
        }
    }

    /** Plays the faults that concern the build itself, before it does any work. */
    static void play(Set<Fault> faults, Options options) throws BuildProblem {
        if (faults.contains(COMMUNITY) && (options.instrument || options.profiled)) {
            throw new BuildProblem("Error: PGO is not supported by this edition: profile-guided optimizations are only available in "
                    + "Oracle GraalVM.\nError: Could not find option '" + (options.instrument ? "PGOInstrument" : "PGO") + "'");
        }
        if (faults.contains(COMPILE_ERROR)) {
            throw new BuildProblem("Fatal error: compilation of " + options.mainClass
                    + " failed: this fault was asked for\nError: Image build request failed with exit status 1");
        }
        if (faults.contains(HANG)) {
            Log.line("hangs, as asked for");
            sleepForEver();
        }
        if (faults.contains(OUT_OF_MEMORY)) {
            Log.line("takes memory, as asked for");
            exhaustMemory();
        }
    }

    private static void sleepForEver() {
        while (true) {
            try {
                Thread.sleep(Long.MAX_VALUE);
            } catch (InterruptedException ignored) {
                // Only a signal ends the hang.
            }
        }
    }

    private static void exhaustMemory() {
        List<byte[]> taken = new ArrayList<>();
        while (true) {
            byte[] block = new byte[1 << 20];
            Arrays.fill(block, (byte) 1);
            taken.add(block);
        }
    }
}
