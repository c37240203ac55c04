package dev.anneal.testjars.nohandler;

/** A library: nothing in this jar is a handler. */
public final class Library {
    private Library() {
    }

    /**
     * Adds, and handles nothing.
     *
     * @param left a number
     * @param right a number
     * @return the sum
     */
    public static int add(int left, int right) {
        return left + right;
    }
}
