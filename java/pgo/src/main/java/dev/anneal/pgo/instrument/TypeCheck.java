package dev.anneal.pgo.instrument;

import dev.anneal.pgo.graal.Bytecodes;
import dev.anneal.pgo.graal.Names;
import dev.anneal.pgo.profile.Context;
import java.util.ArrayList;
import java.util.List;
import jdk.graal.compiler.graph.NodeSourcePosition;
import jdk.graal.compiler.nodes.IfNode;
import jdk.graal.compiler.nodes.StructuredGraph;
import jdk.graal.compiler.nodes.ValueNode;
import jdk.graal.compiler.nodes.cfg.ControlFlowGraph;
import jdk.graal.compiler.nodes.cfg.HIRBlock;
import jdk.graal.compiler.nodes.java.InstanceOfNode;
import jdk.graal.compiler.nodes.util.GraphUtil;

/** An {@code instanceof} or a cast that the program branches on. */
record TypeCheck(IfNode branch, ValueNode value, Context place) {
    /**
     * Those of a graph. Of several checks of one value only the first counts: what the others meet follows from it and from
     * the branches between, and a switch over patterns would count each value many times.
     */
    static List<TypeCheck> in(StructuredGraph graph) {
        List<TypeCheck> found = new ArrayList<>();
        if (graph.getNodes().filter(InstanceOfNode.class).isEmpty()) {
            return found;
        }
        ControlFlowGraph flow = ControlFlowGraph.newBuilder(graph).connectBlocks(true).computeLoops(true).computeDominators(true).build();
        for (HIRBlock block : flow.reversePostOrder()) {
            if (block.getEndNode() instanceof IfNode branch && branch.condition() instanceof InstanceOfNode check) {
                Context place = place(check.getNodeSourcePosition());
                ValueNode value = GraphUtil.unproxify(check.getValue());
                boolean isFirst = found.stream().noneMatch(earlier -> GraphUtil.unproxify(earlier.value) == value && flow.blockFor(earlier.branch).dominates(block));
                if (place != null && isFirst) {
                    found.add(new TypeCheck(branch, check.getValue(), place));
                }
            }
        }
        return found;
    }

    private static Context place(NodeSourcePosition position) {
        boolean isTypeCheck = position != null && new Bytecodes(position.getMethod().getCode()).isTypeCheck(position.getBCI());
        return isTypeCheck ? Names.of(position) : null;
    }
}
