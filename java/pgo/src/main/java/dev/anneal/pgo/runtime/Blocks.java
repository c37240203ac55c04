package dev.anneal.pgo.runtime;

import com.oracle.svm.core.Uninterruptible;
import com.oracle.svm.core.c.CGlobalData;
import com.oracle.svm.core.c.CGlobalDataFactory;
import com.oracle.svm.core.thread.ThreadListener;
import com.oracle.svm.core.threadlocal.FastThreadLocalFactory;
import com.oracle.svm.core.threadlocal.FastThreadLocalWord;
import java.util.function.IntSupplier;
import org.graalvm.nativeimage.ImageSingletons;
import org.graalvm.nativeimage.UnmanagedMemory;
import org.graalvm.word.Pointer;
import org.graalvm.word.UnsignedWord;
import org.graalvm.word.WordFactory;

/**
 * The memory of the counters: one block of cells for each running thread, so that nobody else writes to what a thread
 * counts in. Blocks of threads that have ended go on with the next one and are never freed: their counts stay.
 *
 * <p>Compiled code finds a cell at the address of the common block plus the thread's distance, which is zero, the common
 * block itself, until the thread has one of its own.
 */
public final class Blocks implements ThreadListener, Cells {
    /** The distance of the thread's block from the common one. */
    public static final FastThreadLocalWord<UnsignedWord> DISTANCE = FastThreadLocalFactory.createWord("AnnealPgo.distance");

    /** More threads at a time than this share the common block, where a count may be lost. */
    private static final int MOST = 1024;

    /** Set when all is compiled. */
    public static final Size SIZE = new Size();

    /** A constant for the compiler, which code without safepoints needs. */
    private static final CGlobalData<Pointer> COMMON = CGlobalDataFactory.createBytes(bytes());

    private final long[] made = new long[MOST];
    /** Counted up when a block is in its place: a profile may be written meanwhile, by a thread that does not wait. */
    private volatile int madeCount;

    public static CGlobalData<Pointer> common() {
        return COMMON;
    }

    private static IntSupplier bytes() {
        return SIZE::bytes;
    }

    static Blocks get() {
        return ImageSingletons.lookup(Blocks.class);
    }

    @Override
    public void beforeThreadRun() {
        long block = take();
        if (block != 0) {
            Pointer own = WordFactory.pointer(block);
            DISTANCE.set(own.subtract(COMMON.get()));
        }
    }

    @Override
    @Uninterruptible(reason = "the thread is ending")
    public void afterThreadRun() {
        UnsignedWord distance = DISTANCE.get();
        if (distance.notEqual(0)) {
            Pointer block = COMMON.get().add(distance);
            DISTANCE.set(WordFactory.zero());
            block.writeLong(SIZE.ownerOffset(), 0);
        }
    }

    /** Counts of the calling thread go nowhere until {@link #countAgain}. */
    UnsignedWord stopCounting(Pointer scratch) {
        UnsignedWord before = DISTANCE.get();
        DISTANCE.set(scratch.subtract(COMMON.get()));
        return before;
    }

    void countAgain(UnsignedWord before) {
        DISTANCE.set(before);
    }

    @Override
    public long sum(int cell) {
        long sum = read(COMMON.get(), cell);
        int count = madeCount;
        for (int i = 0; i < count; i++) {
            sum = Cells.saturatingSum(sum, read(WordFactory.pointer(made[i]), cell));
        }
        return sum;
    }

    @Override
    public int blocks() {
        return madeCount + 1;
    }

    @Override
    public long cell(int block, int cell) {
        return read(block == 0 ? COMMON.get() : WordFactory.pointer(made[block - 1]), cell);
    }

    private static long read(Pointer block, int cell) {
        return block.readLong((int) ((long) cell * Long.BYTES));
    }

    private synchronized long take() {
        for (int i = 0; i < madeCount; i++) {
            Pointer left = WordFactory.pointer(made[i]);
            if (left.readLong(SIZE.ownerOffset()) == 0) {
                left.writeLong(SIZE.ownerOffset(), 1);
                return made[i];
            }
        }
        if (madeCount == MOST) {
            return 0;
        }
        try {
            Pointer block = UnmanagedMemory.calloc(SIZE.bytes());
            block.writeLong(SIZE.ownerOffset(), 1);
            int count = madeCount;
            made[count] = block.rawValue();
            madeCount = count + 1;
            return block.rawValue();
        } catch (OutOfMemoryError full) {
            return 0;
        }
    }
}
