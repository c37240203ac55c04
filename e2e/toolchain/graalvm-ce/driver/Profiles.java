package dev.anneal.driver;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Profile-guided optimization, which this edition's builder has not: an add-on brings it, a jar of the home. */
final class Profiles {
    private static final String JAR = "lib/anneal/pgo.jar";

    private boolean isInstrumented;
    private List<Path> files = List.of();

    /** Whether an option is one of profiles; then it is obeyed. */
    boolean take(String argument) throws Problem {
        if (argument.equals("--pgo-instrument")) {
            isInstrumented = true;
        } else if (argument.equals("--pgo")) {
            files = list("default.iprof");
        } else if (argument.startsWith("--pgo=")) {
            files = list(argument.substring("--pgo=".length()));
        } else if (argument.startsWith("--pgo-")) {
            throw new Problem("Could not find option 'PGO' for '" + argument + "': of profile-guided optimization there are --pgo-instrument and --pgo.");
        } else {
            return false;
        }
        return true;
    }

    boolean areAskedFor() {
        return isInstrumented || !files.isEmpty();
    }

    /** The jar goes onto the image's class path: what counts in the program comes from it. */
    Path jar(Path home) throws Problem {
        if (isInstrumented && !files.isEmpty()) {
            throw new Problem("--pgo-instrument and --pgo exclude each other: a program counts, or is optimized by what was counted.");
        }
        Path jar = home.resolve(JAR);
        if (!Files.exists(jar)) {
            throw new Problem("Could not find option 'PGO': profile-guided optimization is not part of GraalVM Community Edition, and "
                    + jar + ", which adds it, is missing.");
        }
        return jar;
    }

    /** The builder's options. */
    List<String> options() {
        List<String> options = new ArrayList<>();
        // Without positions nobody knows which bytecode a branch comes from.
        options.add(Options.from("driver", "-H:+TrackNodeSourcePosition"));
        if (isInstrumented) {
            options.add(Options.from("driver", "-H:Features=dev.anneal.pgo.InstrumentFeature"));
        } else {
            options.add(Options.from("driver", "-H:Features=dev.anneal.pgo.ApplyFeature"));
            options.add(Options.from("driver", "-H:AnnealProfiles=" + String.join(",", files.stream().map(Path::toString).toList())));
        }
        return options;
    }

    private static List<Path> list(String value) throws Problem {
        List<Path> files = new ArrayList<>();
        for (String name : value.split(",", -1)) {
            Path file = Path.of(name).toAbsolutePath().normalize();
            if (name.isBlank() || !Files.isReadable(file)) {
                throw new Problem("The profile file '" + name + "' of --pgo cannot be read.");
            }
            if (file.toString().contains(",")) {
                throw new Problem("The profile file '" + file + "' of --pgo has a comma in its path, which separates files.");
            }
            files.add(file);
        }
        return files;
    }
}
