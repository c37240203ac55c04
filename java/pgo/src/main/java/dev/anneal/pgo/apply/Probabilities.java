package dev.anneal.pgo.apply;

import dev.anneal.pgo.graal.Branch;
import dev.anneal.pgo.graal.Names;
import dev.anneal.pgo.graal.Switch;
import dev.anneal.pgo.profile.Context;
import dev.anneal.pgo.profile.Outcomes;
import dev.anneal.pgo.profile.Profile;
import java.util.Arrays;
import jdk.graal.compiler.nodes.IfNode;
import jdk.graal.compiler.nodes.ProfileData.BranchProbabilityData;
import jdk.graal.compiler.nodes.ProfileData.SwitchProbabilityData;
import jdk.graal.compiler.nodes.StructuredGraph;
import jdk.graal.compiler.nodes.extended.IntegerSwitchNode;

/**
 * Tells the compiler how likely branches are. From that it derives how often loops run and which code is cold: such code
 * is laid out behind the rest.
 */
final class Probabilities {
    /** Never quite certain: the code is still there. */
    private static final double LEAST = 1e-6;

    private final Profile profile;
    private final Statistics statistics;

    Probabilities(Profile profile, Statistics statistics) {
        this.profile = profile;
        this.statistics = statistics;
    }

    /** Of a method as it was parsed; what is found is counted. */
    void apply(StructuredGraph graph) {
        for (IfNode node : graph.getNodes(IfNode.TYPE).snapshot()) {
            if (isApplied(node)) {
                statistics.branches.increment();
            }
        }
        for (IntegerSwitchNode node : graph.getNodes().filter(IntegerSwitchNode.class).snapshot()) {
            if (isApplied(node)) {
                statistics.switches.increment();
            }
        }
    }

    /** When calls were inlined: what came with them, and the rest once more. */
    void applyAgain(StructuredGraph graph) {
        graph.getNodes(IfNode.TYPE).snapshot().forEach(this::isApplied);
        graph.getNodes().filter(IntegerSwitchNode.class).snapshot().forEach(this::isApplied);
    }

    private boolean isApplied(IfNode node) {
        Branch branch = Branch.of(node);
        Outcomes outcomes = branch == null ? null : outcomes(Names.of(node.getNodeSourcePosition()));
        // A branch of other bytecode leads elsewhere.
        if (outcomes == null || !outcomes.knows(branch.taken()) || !outcomes.knows(branch.fallThrough())) {
            return false;
        }
        double taken = outcomes.to(branch.taken());
        double total = taken + outcomes.to(branch.fallThrough());
        if (total > 0) {
            double whenTrue = branch.isTakenWhenTrue() ? taken / total : 1 - taken / total;
            node.setTrueSuccessorProbability(BranchProbabilityData.profiled(Math.clamp(whenTrue, LEAST, 1 - LEAST)));
        }
        return total > 0;
    }

    private boolean isApplied(IntegerSwitchNode node) {
        Switch choice = Switch.of(node);
        Outcomes outcomes = choice == null ? null : outcomes(Names.of(node.getNodeSourcePosition()));
        if (outcomes == null) {
            return false;
        }
        long[] counts = new long[node.blockSuccessorCount()];
        int[] keys = new int[counts.length];
        for (int i = 0; i < choice.targets().length; i++) {
            int target = choice.targets()[i];
            if (target != Switch.SHARED && !outcomes.knows(target)) {
                return false;
            }
            if (target != Switch.SHARED) {
                counts[choice.successors()[i]] = outcomes.to(target);
            }
            keys[choice.successors()[i]]++;
        }
        double total = Arrays.stream(counts).asDoubleStream().sum();
        if (total > 0) {
            double[] likely = new double[choice.targets().length];
            for (int i = 0; i < likely.length; i++) {
                int successor = choice.successors()[i];
                likely[i] = Math.max(LEAST, counts[successor] / total / keys[successor]);
            }
            double sum = Arrays.stream(likely).sum();
            node.setProfileData(SwitchProbabilityData.profiled(Arrays.stream(likely).map(value -> value / sum).toArray()));
        }
        return total > 0;
    }

    private Outcomes outcomes(Context place) {
        return place == null ? null : profile.outcomes(place);
    }
}
