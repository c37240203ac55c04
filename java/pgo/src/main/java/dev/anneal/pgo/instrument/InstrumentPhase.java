package dev.anneal.pgo.instrument;

import dev.anneal.pgo.graal.Branch;
import dev.anneal.pgo.graal.Names;
import dev.anneal.pgo.graal.Scope;
import dev.anneal.pgo.graal.Switch;
import dev.anneal.pgo.profile.Context;
import dev.anneal.pgo.profile.Section;
import java.util.Optional;
import java.util.function.Supplier;
import jdk.graal.compiler.nodes.FixedNode;
import jdk.graal.compiler.nodes.GraphState;
import jdk.graal.compiler.nodes.IfNode;
import jdk.graal.compiler.nodes.StructuredGraph;
import jdk.graal.compiler.nodes.extended.IntegerSwitchNode;
import jdk.graal.compiler.nodes.java.MethodCallTargetNode;
import jdk.graal.compiler.nodes.java.MonitorEnterNode;
import jdk.graal.compiler.phases.BasePhase;
import jdk.graal.compiler.phases.tiers.HighTierContext;

/**
 * Puts counters into every method of {@link Scope}, before anything is optimized: what the compiler has inlined until
 * then, because it is trivial, is inlined in every build, so that contexts of two builds of a program are the same.
 */
final class InstrumentPhase extends BasePhase<HighTierContext> {
    private final SiteTable sites;
    /** Known when the first method is compiled. */
    private final Supplier<Emitter.Places> places;
    private final Supplier<Ranges> ranges;

    InstrumentPhase(SiteTable sites, Supplier<Emitter.Places> places, Supplier<Ranges> ranges) {
        this.sites = sites;
        this.places = places;
        this.ranges = ranges;
    }

    @Override
    public Optional<NotApplicable> notApplicableTo(GraphState state) {
        return ALWAYS_APPLICABLE;
    }

    @Override
    protected void run(StructuredGraph graph, HighTierContext context) {
        if (!Scope.has(graph.method())) {
            return;
        }
        Emitter emitter = new Emitter(graph, context, places.get());
        countTypes(graph, emitter);
        countMonitors(graph, emitter);
        countBranches(graph, emitter);
        countSwitches(graph, emitter);
        emitter.countAfter(graph.start(), sites.calls(Context.entry(Names.of(graph.method()))).cell());
    }

    private void countBranches(StructuredGraph graph, Emitter emitter) {
        for (IfNode node : graph.getNodes(IfNode.TYPE).snapshot()) {
            Branch branch = Branch.of(node);
            Context place = branch == null ? null : Names.of(node.getNodeSourcePosition());
            if (place != null) {
                int cell = sites.branches(place, branch.targets(), new int[] {0, 1}).cell();
                emitter.countAfter(branch.takenSuccessor(), cell);
                emitter.countAfter(branch.fallThroughSuccessor(), cell + 1);
            }
        }
    }

    private void countSwitches(StructuredGraph graph, Emitter emitter) {
        for (IntegerSwitchNode node : graph.getNodes().filter(IntegerSwitchNode.class).snapshot()) {
            Switch choice = Switch.of(node);
            Context place = choice == null ? null : Names.of(node.getNodeSourcePosition());
            if (place != null) {
                int cell = sites.branches(place, choice.targets(), choice.successors()).cell();
                for (int i = 0; i < node.blockSuccessorCount(); i++) {
                    emitter.countAfter(node.blockSuccessor(i), cell + i);
                }
            }
        }
    }

    private void countTypes(StructuredGraph graph, Emitter emitter) {
        for (MethodCallTargetNode target : graph.getNodes(MethodCallTargetNode.TYPE).snapshot()) {
            if (!target.invokeKind().isDirect() && target.invoke() instanceof FixedNode call) {
                Context place = Names.of(call.getNodeSourcePosition());
                if (place != null) {
                    TypeRange range = ranges.get().of(target.receiver(), target.getTypeProfile());
                    emitter.countTypeBefore(call, target.receiver(), range, sites.types(Section.RECEIVERS, place, range).cell());
                }
            }
        }
        for (TypeCheck check : TypeCheck.in(graph)) {
            TypeRange range = ranges.get().of(check.value(), null);
            emitter.countTypeBefore(check.branch(), check.value(), range, sites.types(Section.INSTANCES, check.place(), range).cell());
        }
    }

    private void countMonitors(StructuredGraph graph, Emitter emitter) {
        for (MonitorEnterNode node : graph.getNodes().filter(MonitorEnterNode.class).snapshot()) {
            emitter.countTypeBefore(node, node.object(), TypeRange.ANY, sites.types(Section.MONITORS, Context.NONE, TypeRange.ANY).cell());
        }
    }
}
