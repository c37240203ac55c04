package dev.anneal.samples.sleep;

import java.util.Map;

/** Waits: {@code {"ms": n}} is answered after n milliseconds. */
public final class Sleep {
    private static final long LONGEST_MILLIS = 60_000;

    private Sleep() {
    }

    /**
     * The function.
     *
     * @param in may hold {@code ms}, by default 0
     * @return the time slept
     * @throws InterruptedException if the process ends first
     */
    public static Map<String, Object> main(Map<String, Object> in) throws InterruptedException {
        long millis = in.get("ms") instanceof Number number ? number.longValue() : 0;
        if (millis < 0 || millis > LONGEST_MILLIS) {
            throw new IllegalArgumentException("ms must be from 0 to " + LONGEST_MILLIS);
        }
        Thread.sleep(millis);
        return Map.of("slept", millis);
    }
}
