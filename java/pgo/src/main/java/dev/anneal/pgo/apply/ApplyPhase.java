package dev.anneal.pgo.apply;

import dev.anneal.pgo.graal.Names;
import dev.anneal.pgo.graal.Scope;
import dev.anneal.pgo.profile.Profile;
import java.util.Optional;
import java.util.function.Supplier;
import jdk.graal.compiler.nodes.GraphState;
import jdk.graal.compiler.nodes.StructuredGraph;
import jdk.graal.compiler.phases.BasePhase;
import jdk.graal.compiler.phases.tiers.HighTierContext;

/** Applies a profile to a method, before anything is optimized, as its counters were put in. */
final class ApplyPhase extends BasePhase<HighTierContext> {
    private final Profile profile;
    private final Statistics statistics;
    private final Probabilities probabilities;
    /** Made when the first method is compiled, and all have been parsed. */
    private final Supplier<Callees> callees;

    ApplyPhase(Profile profile, Statistics statistics, Supplier<Callees> callees) {
        this.profile = profile;
        this.statistics = statistics;
        this.probabilities = new Probabilities(profile, statistics);
        this.callees = callees;
    }

    @Override
    public Optional<NotApplicable> notApplicableTo(GraphState state) {
        return ALWAYS_APPLICABLE;
    }

    @Override
    protected void run(StructuredGraph graph, HighTierContext context) {
        Callees all = callees.get();
        if (!Scope.has(graph.method())) {
            return;
        }
        probabilities.apply(graph);
        long entries = profile.entries(Names.of(graph.method()));
        if (entries > 0) {
            new Inliner(graph, context, profile, all, probabilities, statistics, entries).run();
        }
    }
}
