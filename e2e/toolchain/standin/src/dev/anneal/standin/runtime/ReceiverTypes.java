package dev.anneal.standin.runtime;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLongArray;

/** How often each class was seen at one place; from the ninth class on they are not told apart and not reported. */
final class ReceiverTypes {
    private static final int MOST = 8;

    private volatile Class<?>[] classes = {};
    private volatile AtomicLongArray counts;

    void count(Class<?> type) {
        int index = indexOf(classes, type);
        if (index < 0) {
            index = add(type);
        }
        if (index < MOST) {
            counts.getAndIncrement(index);
        }
    }

    /** The counts by class name. */
    Map<String, Long> counts() {
        Map<String, Long> byName = new TreeMap<>();
        Class<?>[] seen = classes;
        for (int i = 0; i < seen.length; i++) {
            long count = counts.get(i);
            if (count > 0) {
                byName.merge(seen[i].getName(), count, Long::sum);
            }
        }
        return byName;
    }

    private synchronized int add(Class<?> type) {
        int present = indexOf(classes, type);
        if (present >= 0) {
            return present;
        }
        int length = classes.length;
        if (length == MOST) {
            return MOST;
        }
        if (counts == null) {
            counts = new AtomicLongArray(MOST);
        }
        Class<?>[] longer = Arrays.copyOf(classes, length + 1);
        longer[length] = type;
        classes = longer;
        return length;
    }

    private static int indexOf(Class<?>[] classes, Class<?> type) {
        for (int i = 0; i < classes.length; i++) {
            if (classes[i] == type) {
                return i;
            }
        }
        return -1;
    }
}
