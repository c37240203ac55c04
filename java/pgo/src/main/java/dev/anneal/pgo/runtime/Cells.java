package dev.anneal.pgo.runtime;

/** The counters as the writer of profiles sees them. */
public interface Cells {
    /** The sum over all threads. */
    long sum(int cell);

    /** How many blocks there are, each with all cells. */
    int blocks();

    /** A cell of one block. */
    long cell(int block, int cell);

    /** What is too large stays at the largest number. */
    static long saturatingSum(long left, long right) {
        long sum = left + right;
        return sum < 0 ? Long.MAX_VALUE : sum;
    }
}
