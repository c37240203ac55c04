package dev.anneal.pgo.apply;

import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;

/** What the compiler's threads have made of a profile. */
final class Statistics {
    final LongAdder branches = new LongAdder();
    final LongAdder switches = new LongAdder();
    final LongAdder inlined = new LongAdder();
    final LongAdder guarded = new LongAdder();

    /** The documented line: the share of the image's methods that the profile knows, and of the profile's that the image has. */
    static String line(long common, long ofImage, long ofProfile) {
        return String.format(Locale.ROOT, "Info: PGO: Profile applicability is %.2f%%. Profile relevance is %.2f%%.",
                percent(common, ofImage), percent(common, ofProfile));
    }

    String details() {
        return String.format(Locale.ROOT, "Info: PGO: %d branches and %d switches weighted, %d calls inlined, %d of them behind a check of the receiver's type.",
                branches.sum(), switches.sum(), inlined.sum() + guarded.sum(), guarded.sum());
    }

    private static double percent(long part, long whole) {
        return whole == 0 ? 0 : 100.0 * part / whole;
    }
}
