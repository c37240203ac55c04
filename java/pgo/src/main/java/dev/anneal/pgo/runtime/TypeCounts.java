package dev.anneal.pgo.runtime;

import java.util.Arrays;

/** Counts by the numbers of types, in the order of the numbers. */
final class TypeCounts {
    private int[] types = new int[8];
    private long[] counts = new long[8];
    private int size;

    void add(int type, long count) {
        if (type < 0 || count <= 0) {
            return;
        }
        int at = Arrays.binarySearch(types, 0, size, type);
        if (at >= 0) {
            counts[at] = Cells.saturatingSum(counts[at], count);
            return;
        }
        if (size == types.length) {
            types = Arrays.copyOf(types, 2 * size);
            counts = Arrays.copyOf(counts, 2 * size);
        }
        int place = -at - 1;
        System.arraycopy(types, place, types, place + 1, size - place);
        System.arraycopy(counts, place, counts, place + 1, size - place);
        types[place] = type;
        counts[place] = count;
        size++;
    }

    int size() {
        return size;
    }

    int type(int index) {
        return types[index];
    }

    long count(int index) {
        return counts[index];
    }
}
