package dev.anneal.pgo.apply;

import com.oracle.svm.hosted.meta.HostedMethod;
import com.oracle.svm.hosted.meta.HostedType;
import dev.anneal.pgo.graal.Names;
import dev.anneal.pgo.profile.Context;
import dev.anneal.pgo.profile.Profile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import jdk.graal.compiler.graph.NodeSourcePosition;
import jdk.graal.compiler.nodes.Invoke;
import jdk.graal.compiler.nodes.StructuredGraph;
import jdk.graal.compiler.nodes.cfg.ControlFlowGraph;
import jdk.graal.compiler.nodes.cfg.HIRBlock;
import jdk.graal.compiler.nodes.java.MethodCallTargetNode;
import jdk.graal.compiler.nodes.type.StampTool;
import jdk.graal.compiler.phases.common.CanonicalizerPhase;
import jdk.graal.compiler.phases.common.inlining.InliningUtil;
import jdk.graal.compiler.phases.tiers.HighTierContext;
import jdk.vm.ci.meta.JavaTypeProfile.ProfiledType;
import jdk.vm.ci.meta.ResolvedJavaMethod;

/**
 * Inlines the calls of one method that the profile found to be frequent. How frequent follows from how often the method
 * was entered and from how likely the way to the call is, so that a call counts with its share of this caller alone.
 */
final class Inliner {
    /** The share of all calls of the program from which on one is worth a large method. */
    private static final double HOT = 1e-3;
    /** The same for a small one. */
    private static final double WARM = 1e-5;
    /** In nodes of the compiler's graph. */
    private static final int LARGE = 400;
    private static final int SMALL = 60;
    /** The size that a method may grow to by inlining, and by how much a larger one may grow: a quarter. */
    private static final int BUDGET = 4000;
    private static final int GROWTH = 4;
    /** Calls of what was inlined are looked at again. */
    private static final int ROUNDS = 6;
    /** The share of receivers that the checked types must have together, and that each must have. */
    private static final double MOSTLY = 0.9;
    private static final double OFTEN = 0.2;
    private static final int MOST_TYPES = 2;

    private final StructuredGraph graph;
    private final HighTierContext context;
    private final Profile profile;
    private final Callees callees;
    private final Probabilities probabilities;
    private final Statistics statistics;
    private final double entries;
    private final int limit;
    private final CanonicalizerPhase canonicalizer = CanonicalizerPhase.create();

    Inliner(StructuredGraph graph, HighTierContext context, Profile profile, Callees callees, Probabilities probabilities, Statistics statistics, double entries) {
        this.graph = graph;
        this.context = context;
        this.profile = profile;
        this.callees = callees;
        this.probabilities = probabilities;
        this.statistics = statistics;
        this.entries = entries;
        this.limit = Math.max(BUDGET, graph.getNodeCount() + graph.getNodeCount() / GROWTH);
    }

    /** A call that may be inlined: a method for each type that is checked for, or one without a check. */
    private record Candidate(Invoke call, double count, List<HostedMethod> methods, List<ProfiledType> types) {
    }

    void run() {
        for (int round = 0; round < ROUNDS && graph.getNodeCount() < limit; round++) {
            boolean hasChanged = false;
            for (Candidate candidate : candidates()) {
                if (graph.getNodeCount() < limit && candidate.call.isAlive()) {
                    inline(candidate);
                    hasChanged = true;
                }
            }
            if (!hasChanged) {
                return;
            }
            canonicalizer.apply(graph, context);
            probabilities.applyAgain(graph);
        }
    }

    /** The most frequent first; the order of the graph decides among equals, so that builds are repeatable. */
    private List<Candidate> candidates() {
        ControlFlowGraph flow = ControlFlowGraph.newBuilder(graph).connectBlocks(true).computeLoops(true).computeDominators(true).computeFrequency(true).build();
        List<Candidate> found = new ArrayList<>();
        for (MethodCallTargetNode target : graph.getNodes(MethodCallTargetNode.TYPE).snapshot()) {
            if (target.invoke() instanceof Invoke call && call.useForInlining()) {
                HIRBlock block = flow.blockFor(call.asNode());
                Candidate candidate = block == null ? null : candidate(target, call, entries * block.getRelativeFrequency());
                if (candidate != null) {
                    found.add(candidate);
                }
            }
        }
        found.sort(Comparator.comparingDouble(Candidate::count).reversed());
        return found;
    }

    private Candidate candidate(MethodCallTargetNode target, Invoke call, double count) {
        if (count < WARM * profile.allEntries() || !(target.targetMethod() instanceof HostedMethod method)) {
            return null;
        }
        // Inlining checks nothing: where the receiver may be null, the call stays, which does.
        if (!method.isStatic() && !StampTool.isPointerNonNull(target.receiver())) {
            return null;
        }
        NodeSourcePosition position = call.asNode().getNodeSourcePosition();
        if (target.invokeKind().isDirect()) {
            return isWorth(method, position, count) ? new Candidate(call, count, List.of(method), List.of()) : null;
        }
        Context place = Names.of(position);
        return place == null ? null : guarded(call, method, position, count, profile.receivers(place));
    }

    private Candidate guarded(Invoke call, HostedMethod method, NodeSourcePosition position, double count, Map<String, Long> receivers) {
        double total = receivers.values().stream().mapToDouble(Long::doubleValue).sum();
        List<Map.Entry<String, Long>> frequent = receivers.entrySet().stream()
                .filter(type -> type.getValue() >= OFTEN * total)
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .limit(MOST_TYPES).toList();
        double covered = frequent.stream().mapToDouble(Map.Entry::getValue).sum();
        if (total == 0 || covered < MOSTLY * total) {
            return null;
        }
        List<HostedMethod> methods = new ArrayList<>();
        List<ProfiledType> types = new ArrayList<>();
        for (Map.Entry<String, Long> entry : frequent) {
            HostedType type = callees.type(entry.getKey());
            boolean fits = type != null && method.getDeclaringClass().isAssignableFrom(type);
            ResolvedJavaMethod called = fits ? type.resolveConcreteMethod(method, call.getContextMethod().getDeclaringClass()) : null;
            if (!(called instanceof HostedMethod hosted) || !isWorth(hosted, position, count * entry.getValue() / total)) {
                return null;
            }
            methods.add(hosted);
            types.add(new ProfiledType(type, Math.min(0.999, entry.getValue() / total)));
        }
        return new Candidate(call, count, methods, types);
    }

    /** Large methods must be called often, small ones less so; none is inlined into itself. */
    private boolean isWorth(HostedMethod method, NodeSourcePosition position, double count) {
        if (position == null || !callees.has(method)) {
            return false;
        }
        for (NodeSourcePosition at = position; at != null; at = at.getCaller()) {
            if (at.getMethod().equals(method)) {
                return false;
            }
        }
        int size = callees.size(method);
        return size <= SMALL || size <= LARGE && count >= HOT * profile.allEntries();
    }

    private void inline(Candidate candidate) {
        if (candidate.types.isEmpty()) {
            HostedMethod method = candidate.methods.getFirst();
            InliningUtil.inline(candidate.call, callees.copy(method, graph), false, method, "profile", "profile");
            statistics.inlined.increment();
        } else {
            GuardedInlining.inline(candidate.call, candidate.methods, candidate.types, callees, context, canonicalizer);
            statistics.guarded.increment();
        }
    }
}
