package dev.anneal.pgo.graal;

import com.oracle.svm.hosted.ProgressReporter;
import com.oracle.svm.hosted.ProgressReporterJsonHelper.GeneralInfo;
import java.util.List;

/** What the builder's report says of profiles, in its documented words. */
public final class Report {
    private Report() {
    }

    public static void pgo(String kind) {
        ProgressReporter.singleton().recordJsonMetric(GeneralInfo.GRAAL_COMPILER_PGO, List.of(kind));
    }

    public static void line(String text) {
        ProgressReporter.singleton().l().a(text).println();
    }
}
