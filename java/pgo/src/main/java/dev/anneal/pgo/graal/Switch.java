package dev.anneal.pgo.graal;

import java.util.BitSet;
import jdk.graal.compiler.graph.NodeSourcePosition;
import jdk.graal.compiler.nodes.extended.IntegerSwitchNode;

/**
 * A switch of the bytecode in a graph, key by key as profiles list it and the default last: the number of the successor,
 * and the place that it leads to. Where a successor has stood before, the place is {@link #SHARED}.
 */
public record Switch(IntegerSwitchNode node, int[] targets, int[] successors) {
    /** What profiles write for the place of a successor that stood before. */
    public static final int SHARED = -5;

    /** The switch that a node stands for, or null if it stands for none. */
    public static Switch of(IntegerSwitchNode node) {
        NodeSourcePosition position = node.getNodeSourcePosition();
        if (position == null || position.isPlaceholder() || position.isSubstitution()) {
            return null;
        }
        Bytecodes code = new Bytecodes(position.getMethod().getCode());
        int bci = position.getBCI();
        if (!code.isSwitch(bci)) {
            return null;
        }
        int keys = node.keyCount();
        int[] targets = new int[keys + 1];
        int[] successors = new int[keys + 1];
        BitSet seen = new BitSet();
        for (int i = 0; i <= keys; i++) {
            boolean isDefault = i == keys;
            successors[i] = isDefault ? node.defaultSuccessorIndex() : node.keySuccessorIndex(i);
            int target = isDefault ? code.defaultTarget(bci) : code.target(bci, node.keyAt(i).asInt());
            targets[i] = seen.get(successors[i]) ? SHARED : target;
            seen.set(successors[i]);
        }
        return new Switch(node, targets, successors);
    }
}
