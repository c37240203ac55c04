package dev.anneal.standin.runtime;

import java.util.concurrent.atomic.AtomicLongArray;

/** The counters of an instrumented executable; exact under any number of threads. */
public final class Counters {
    private static final AtomicLongArray HITS = new AtomicLongArray(Image.number("counters"));
    private static final ReceiverTypes[] RECEIVERS = receivers(Image.number("receivers"));

    private Counters() {
    }

    /**
     * Counts one entry of a method or one passage of a branch.
     *
     * @param counter the index of the counter
     */
    public static void hit(int counter) {
        HITS.getAndIncrement(counter);
    }

    /**
     * Counts the class of a receiver, of the left side of an {@code instanceof}, or of a monitor.
     *
     * @param object the object; null is not counted
     * @param site the index of the place
     */
    public static void type(Object object, int site) {
        if (object != null) {
            RECEIVERS[site].count(object.getClass());
        }
    }

    static long hits(int counter) {
        return HITS.get(counter);
    }

    static ReceiverTypes types(int site) {
        return RECEIVERS[site];
    }

    private static ReceiverTypes[] receivers(int count) {
        ReceiverTypes[] sites = new ReceiverTypes[count];
        for (int i = 0; i < count; i++) {
            sites[i] = new ReceiverTypes();
        }
        return sites;
    }
}
