package dev.anneal.standin.builder;

import dev.anneal.standin.profile.Profile;
import dev.anneal.standin.profile.ProfileReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** The profiles of an optimized build. */
final class AppliedProfiles {
    private final Set<String> methods = new HashSet<>();
    private final Set<String> types = new TreeSet<>();

    private AppliedProfiles() {
    }

    static AppliedProfiles read(List<Path> files) throws BuildProblem {
        AppliedProfiles applied = new AppliedProfiles();
        for (Path file : files) {
            try {
                Profile profile = ProfileReader.read(file);
                applied.methods.addAll(profile.methods());
                applied.types.addAll(profile.types());
            } catch (IOException invalid) {
                throw new BuildProblem("Error: Failed to load the profile " + file + ": " + invalid.getMessage(), invalid);
            }
        }
        return applied;
    }

    /** The types that the profiles name, in a stable order. */
    Set<String> types() {
        return types;
    }

    /**
     * The compiler's line on how profile and image match: the share of the image's methods that the profiles know, and the
     * share of the profiles' methods that the image has.
     */
    String applicabilityLine(Set<String> imageMethods) {
        long common = methods.stream().filter(imageMethods::contains).count();
        return String.format(Locale.ROOT, "Info: PGO: Profile applicability is %.2f%%. Profile relevance is %.2f%%.",
                percent(common, imageMethods.size()), percent(common, methods.size()));
    }

    private static double percent(long part, long whole) {
        return whole == 0 ? 0 : 100.0 * part / whole;
    }
}
