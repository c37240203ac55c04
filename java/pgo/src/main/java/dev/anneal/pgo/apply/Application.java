package dev.anneal.pgo.apply;

import com.oracle.svm.hosted.meta.HostedMethod;
import com.oracle.svm.hosted.meta.HostedUniverse;
import dev.anneal.pgo.graal.Names;
import dev.anneal.pgo.graal.Report;
import dev.anneal.pgo.profile.MethodName;
import dev.anneal.pgo.profile.Profile;
import java.util.HashSet;
import java.util.Set;
import jdk.graal.compiler.phases.BasePhase;
import jdk.graal.compiler.phases.tiers.HighTierContext;

/** A build that a profile guides: what its parts share, and what is said of it at the end. */
public final class Application {
    private final Profile profile;
    private final Statistics statistics = new Statistics();
    private HostedUniverse universe;
    private Callees callees;

    public Application(Profile profile) {
        this.profile = profile;
    }

    public BasePhase<HighTierContext> phase() {
        return new ApplyPhase(profile, statistics, this::callees);
    }

    public void beforeCompilation(HostedUniverse all) {
        universe = all;
    }

    public void afterCompilation() {
        Set<MethodName> image = new HashSet<>();
        for (HostedMethod method : callees().methods()) {
            image.add(Names.of(method));
        }
        long common = profile.methods().stream().filter(image::contains).count();
        Report.line(Statistics.line(common, image.size(), profile.methods().size()));
        Report.line(statistics.details());
        Report.pgo("user-provided");
    }

    /** The first method that is compiled finds all parsed and none compiled; the other threads wait for it. */
    private synchronized Callees callees() {
        if (callees == null) {
            callees = new Callees(universe);
        }
        return callees;
    }
}
