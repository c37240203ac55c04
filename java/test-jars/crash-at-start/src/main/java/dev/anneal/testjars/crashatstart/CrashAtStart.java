package dev.anneal.testjars.crashatstart;

import java.util.Map;
import java.util.function.Function;

/** Fails while the launcher creates it, so the process never listens. */
public final class CrashAtStart implements Function<Map<String, Object>, Map<String, Object>> {
    static {
        if (!Boolean.getBoolean("anneal.testjars.survive")) {
            throw new IllegalStateException("this function cannot start");
        }
    }

    /** For the launcher. */
    public CrashAtStart() {
        // Never reached: the class does not initialize.
    }

    @Override
    public Map<String, Object> apply(Map<String, Object> in) {
        return in;
    }
}
