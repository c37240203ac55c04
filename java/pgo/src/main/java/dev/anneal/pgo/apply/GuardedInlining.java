package dev.anneal.pgo.apply;

import com.oracle.svm.hosted.meta.HostedMethod;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import jdk.graal.compiler.nodes.GraphState;
import jdk.graal.compiler.nodes.Invoke;
import jdk.graal.compiler.nodes.StructuredGraph;
import jdk.graal.compiler.phases.BasePhase;
import jdk.graal.compiler.phases.PhaseSuite;
import jdk.graal.compiler.phases.common.CanonicalizerPhase;
import jdk.graal.compiler.phases.common.inlining.info.MultiTypeGuardInlineInfo;
import jdk.graal.compiler.phases.common.inlining.info.elem.InlineableGraph;
import jdk.graal.compiler.phases.tiers.HighTierContext;
import jdk.vm.ci.meta.JavaTypeProfile.ProfiledType;
import jdk.vm.ci.meta.ResolvedJavaMethod;
import jdk.vm.ci.meta.SpeculationLog;

/** Inlines methods behind checks of the receiver's exact type, with the compiler's own means; for other types the call stays. */
final class GuardedInlining {
    private GuardedInlining() {
    }

    static void inline(Invoke call, List<HostedMethod> methods, List<ProfiledType> types, Callees callees, HighTierContext context,
            CanonicalizerPhase canonicalizer) {
        ArrayList<ResolvedJavaMethod> concretes = new ArrayList<>();
        ArrayList<Integer> concreteOfType = new ArrayList<>();
        double covered = 0;
        for (int i = 0; i < types.size(); i++) {
            HostedMethod method = methods.get(i);
            if (!concretes.contains(method)) {
                concretes.add(method);
            }
            concreteOfType.add(concretes.indexOf(method));
            covered += types.get(i).getProbability();
        }
        MultiTypeGuardInlineInfo info = new MultiTypeGuardInlineInfo(call, concretes, new ArrayList<>(types), concreteOfType,
                Math.max(0, 1 - covered), true, SpeculationLog.NO_SPECULATION);
        PhaseSuite<HighTierContext> parse = new PhaseSuite<>();
        parse.appendPhase(new Parse(callees));
        HighTierContext ofCallee = new HighTierContext(context.getProviders(), parse, context.getOptimisticOptimizations());
        for (int i = 0; i < concretes.size(); i++) {
            info.setInlinableElement(i, new InlineableGraph(concretes.get(i), call, ofCallee, canonicalizer, true));
        }
        info.inline(context.getProviders(), "profile");
    }

    /** Stands where the compiler would parse bytecode. */
    private static final class Parse extends BasePhase<HighTierContext> {
        private final Callees callees;

        Parse(Callees callees) {
            this.callees = callees;
        }

        @Override
        public Optional<NotApplicable> notApplicableTo(GraphState state) {
            return ALWAYS_APPLICABLE;
        }

        @Override
        protected void run(StructuredGraph graph, HighTierContext context) {
            callees.decode((HostedMethod) graph.method(), graph);
        }
    }
}
