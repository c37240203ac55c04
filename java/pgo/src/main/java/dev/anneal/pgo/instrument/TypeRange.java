package dev.anneal.pgo.instrument;

import dev.anneal.pgo.runtime.TypeTable;

/** The numbers of the types that may come to a place. Numbers of related types stand together. */
record TypeRange(int first, int size) {
    /** Of any type: a small table is filled as types come. */
    static final TypeRange ANY = new TypeRange(0, 0);

    /** Wider ranges are mostly empty. */
    private static final int WIDEST = 64;

    static TypeRange between(int first, int last) {
        return last < first || last - first >= WIDEST ? ANY : new TypeRange(first, last - first + 1);
    }

    boolean isAny() {
        return size == 0;
    }

    /** One for each number, and one for what is not of the range. */
    int cells() {
        return isAny() ? TypeTable.CELLS : size + 1;
    }
}
