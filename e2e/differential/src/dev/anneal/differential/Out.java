package dev.anneal.differential;

import java.util.List;
import java.util.stream.Stream;

/** How programs say what they found. */
final class Out {
    private Out() {
    }

    static void say(Object what) {
        System.out.println(what);
    }

    static List<String> sorted(Stream<String> all) {
        return all.sorted().toList();
    }

    /** A name that no analysis of constants can know. */
    static String name(String... parts) {
        return new StringBuilder(String.join("", parts)).reverse().reverse().toString();
    }
}
