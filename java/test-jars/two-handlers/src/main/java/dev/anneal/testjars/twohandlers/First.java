package dev.anneal.testjars.twohandlers;

import java.util.Map;

/** One of two candidates. */
public final class First {
    private First() {
    }

    /**
     * The function.
     *
     * @param in anything
     * @return the name of this candidate
     */
    public static Map<String, Object> main(Map<String, Object> in) {
        return Map.of("candidate", "First");
    }
}
