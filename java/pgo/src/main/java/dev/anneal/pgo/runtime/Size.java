package dev.anneal.pgo.runtime;

import com.oracle.svm.core.BuildPhaseProvider;
import com.oracle.svm.core.Uninterruptible;
import com.oracle.svm.core.heap.UnknownPrimitiveField;

/** How many cells there are, known when all is compiled. */
public final class Size {
    @UnknownPrimitiveField(availability = BuildPhaseProvider.AfterCompilation.class) private int cells;

    public void set(int count) {
        cells = count;
    }

    /** Where a block says whether a thread has it: behind the cells. */
    @Uninterruptible(reason = "Called from uninterruptible code.", mayBeInlined = true)
    int ownerOffset() {
        return cells * Long.BYTES;
    }

    int bytes() {
        return Math.multiplyExact(cells + 1, Long.BYTES);
    }
}
