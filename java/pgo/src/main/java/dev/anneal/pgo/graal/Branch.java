package dev.anneal.pgo.graal;

import java.util.Objects;
import jdk.graal.compiler.graph.NodeSourcePosition;
import jdk.graal.compiler.nodes.AbstractBeginNode;
import jdk.graal.compiler.nodes.EndNode;
import jdk.graal.compiler.nodes.FixedNode;
import jdk.graal.compiler.nodes.FixedWithNextNode;
import jdk.graal.compiler.nodes.FrameState;
import jdk.graal.compiler.nodes.IfNode;
import jdk.graal.compiler.nodes.LogicNode;
import jdk.graal.compiler.nodes.calc.CompareNode;

/**
 * A conditional branch of the bytecode in a graph. The compiler may have turned its condition around; which successor is
 * the taken one follows from where the successors' nodes stand in the bytecode, and where those say nothing (both sides
 * are empty or go the same way), from the form of the condition.
 */
public record Branch(IfNode node, int taken, int fallThrough, boolean isTakenWhenTrue) {
    /** The branch of the bytecode that a node stands for, or null if it stands for none. */
    public static Branch of(IfNode node) {
        NodeSourcePosition position = node.getNodeSourcePosition();
        if (position == null || position.isPlaceholder() || position.isSubstitution()) {
            return null;
        }
        Bytecodes code = new Bytecodes(position.getMethod().getCode());
        int bci = position.getBCI();
        if (!code.isBranch(bci)) {
            return null;
        }
        return new Branch(node, code.taken(bci), Bytecodes.fallThrough(bci), isTakenWhenTrue(node, position, code));
    }

    /** The places that the branch leads to, in the order of a profile. */
    public int[] targets() {
        return new int[] {taken, fallThrough};
    }

    public AbstractBeginNode takenSuccessor() {
        return isTakenWhenTrue ? node.trueSuccessor() : node.falseSuccessor();
    }

    public AbstractBeginNode fallThroughSuccessor() {
        return isTakenWhenTrue ? node.falseSuccessor() : node.trueSuccessor();
    }

    private static boolean isTakenWhenTrue(IfNode node, NodeSourcePosition position, Bytecodes code) {
        Boolean whenTrue = isTaken(landing(node.trueSuccessor(), position), position, code);
        Boolean whenFalse = isTaken(landing(node.falseSuccessor(), position), position, code);
        if (whenTrue != null && !whenTrue.equals(whenFalse)) {
            return whenTrue;
        }
        if (whenTrue == null && whenFalse != null) {
            return !whenFalse;
        }
        return byCondition(node.condition(), code.operation(position.getBCI()));
    }

    /** Whether a place is on the taken side; null if it is on both or on none. */
    private static Boolean isTaken(int landing, NodeSourcePosition position, Bytecodes code) {
        if (landing < 0) {
            return null;
        }
        boolean taken = code.leads(code.taken(position.getBCI()), landing);
        boolean fall = code.leads(Bytecodes.fallThrough(position.getBCI()), landing);
        return taken == fall ? null : taken;
    }

    /** The first place after a successor that is in the branch's own method, or -1. */
    private static int landing(AbstractBeginNode successor, NodeSourcePosition branch) {
        FixedNode node = successor.next();
        while (node != null) {
            int bci = bciIn(node.getNodeSourcePosition(), branch);
            if (bci >= 0 && bci != branch.getBCI()) {
                return bci;
            }
            if (node instanceof EndNode end) {
                return landing(end, branch);
            }
            node = node instanceof FixedWithNextNode next ? next.next() : null;
        }
        return -1;
    }

    private static int landing(EndNode end, NodeSourcePosition branch) {
        FrameState state = end.merge().stateAfter();
        boolean isHere = state != null && branch.getMethod().equals(state.getMethod()) && depth(state) == depth(branch);
        return isHere ? state.bci : -1;
    }

    private static int depth(FrameState state) {
        int depth = 0;
        for (FrameState at = state.outerFrameState(); at != null; at = at.outerFrameState()) {
            depth++;
        }
        return depth;
    }

    private static int depth(NodeSourcePosition position) {
        int depth = 0;
        for (NodeSourcePosition at = position.getCaller(); at != null; at = at.getCaller()) {
            depth++;
        }
        return depth;
    }

    private static int bciIn(NodeSourcePosition position, NodeSourcePosition branch) {
        for (NodeSourcePosition at = position; at != null; at = at.getCaller()) {
            if (at.getMethod().equals(branch.getMethod()) && Objects.equals(at.getCaller(), branch.getCaller())) {
                return at.getBCI();
            }
        }
        return -1;
    }

    /** The compiler knows equal, less and below; other comparisons are these with the successors exchanged. */
    private static boolean byCondition(LogicNode condition, int operation) {
        boolean isTest = operation == Bytecodes.IFEQ || operation == Bytecodes.IFNE;
        if (isTest && !(condition instanceof CompareNode compare && compare.getY().isDefaultConstant())) {
            // A condition that the bytecode has as a boolean: it holds where the boolean is not zero.
            return operation == Bytecodes.IFNE;
        }
        return switch (operation) {
            // Not equal, greater or equal, less or equal, not null.
            case 0x9a, 0x9c, 0x9e, 0xa0, 0xa2, 0xa4, 0xa6, 0xc7 -> false;
            default -> true;
        };
    }
}
