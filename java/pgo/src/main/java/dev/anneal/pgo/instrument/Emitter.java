package dev.anneal.pgo.instrument;

import com.oracle.svm.core.graal.code.CGlobalDataInfo;
import com.oracle.svm.core.graal.nodes.CGlobalDataLoadAddressNode;
import com.oracle.svm.hosted.nodes.ReadReservedRegister;
import jdk.graal.compiler.core.common.type.StampFactory;
import jdk.graal.compiler.nodes.ConstantNode;
import jdk.graal.compiler.nodes.FixedNode;
import jdk.graal.compiler.nodes.FixedWithNextNode;
import jdk.graal.compiler.nodes.LogicNode;
import jdk.graal.compiler.nodes.NodeView;
import jdk.graal.compiler.nodes.PiNode;
import jdk.graal.compiler.nodes.StructuredGraph;
import jdk.graal.compiler.nodes.ValueNode;
import jdk.graal.compiler.nodes.calc.AddNode;
import jdk.graal.compiler.nodes.calc.ConditionalNode;
import jdk.graal.compiler.nodes.calc.IntegerBelowNode;
import jdk.graal.compiler.nodes.calc.IsNullNode;
import jdk.graal.compiler.nodes.calc.LeftShiftNode;
import jdk.graal.compiler.nodes.calc.SubNode;
import jdk.graal.compiler.nodes.calc.ZeroExtendNode;
import jdk.graal.compiler.nodes.extended.LoadHubNode;
import jdk.graal.compiler.nodes.memory.address.OffsetAddressNode;
import jdk.graal.compiler.nodes.type.StampTool;
import jdk.graal.compiler.phases.tiers.HighTierContext;
import jdk.vm.ci.meta.JavaKind;

/** Puts counters into one graph. */
final class Emitter {
    /** Where things are that counters need. */
    record Places(CGlobalDataInfo commonBlock, int threadLocalOffset, int typeNumberOffset, Object noType) {
    }

    private final StructuredGraph graph;
    private final HighTierContext context;
    private final Places places;

    Emitter(StructuredGraph graph, HighTierContext context, Places places) {
        this.graph = graph;
        this.context = context;
        this.places = places;
    }

    /** Counts each time that control passes a node. */
    void countAfter(FixedWithNextNode node, int cell) {
        PlainLoadNode distance = distance();
        graph.addAfterFixed(node, distance);
        graph.addAfterFixed(distance, increment(distance, graph.addOrUnique(ConstantNode.forLong((long) cell * Long.BYTES))));
    }

    /** Counts the type of an object each time that control reaches a node. */
    void countTypeBefore(FixedNode node, ValueNode object, TypeRange range, int cell) {
        LoadHubNode hub = graph.unique(new LoadHubNode(context.getStampProvider(), nonNull(object)));
        OffsetAddressNode numberAddress = address(hub, ConstantNode.forLong(places.typeNumberOffset, graph));
        PlainLoadNode number = insertBefore(node, graph.add(new PlainLoadNode(numberAddress, JavaKind.Int)));
        if (range.isAny()) {
            PlainLoadNode distance = insertBefore(node, distance());
            ValueNode offset = graph.addOrUnique(ConstantNode.forLong((long) cell * Long.BYTES));
            insertBefore(node, graph.add(new CountTypeNode(number, sum(common(), sum(distance, offset)))));
            return;
        }
        ConstantNode size = ConstantNode.forInt(range.size(), graph);
        ValueNode index = graph.addOrUniqueWithInputs(SubNode.create(number, ConstantNode.forInt(range.first(), graph), NodeView.DEFAULT));
        LogicNode isOfRange = graph.addOrUniqueWithInputs(IntegerBelowNode.create(index, size, NodeView.DEFAULT));
        ValueNode slot = graph.addOrUniqueWithInputs(ConditionalNode.create(isOfRange, index, size, NodeView.DEFAULT));
        ValueNode wide = graph.addOrUniqueWithInputs(ZeroExtendNode.create(slot, 32, 64, NodeView.DEFAULT));
        ValueNode scaled = graph.addOrUniqueWithInputs(LeftShiftNode.create(wide, ConstantNode.forInt(3, graph), NodeView.DEFAULT));
        ValueNode offset = sum(scaled, ConstantNode.forLong((long) cell * Long.BYTES, graph));
        PlainLoadNode distance = insertBefore(node, distance());
        insertBefore(node, increment(distance, offset));
    }

    /** An object in the place of null: where a type is asked for, there must be one. */
    private ValueNode nonNull(ValueNode object) {
        if (StampTool.isPointerNonNull(object)) {
            return object;
        }
        ConstantNode none = ConstantNode.forConstant(context.getSnippetReflection().forObject(places.noType), context.getMetaAccess(), graph);
        LogicNode isNull = graph.addOrUniqueWithInputs(IsNullNode.create(object));
        ValueNode either = graph.addOrUniqueWithInputs(ConditionalNode.create(isNull, none, object, NodeView.DEFAULT));
        return graph.addOrUnique(new PiNode(either, StampFactory.objectNonNull()));
    }

    private PlainLoadNode distance() {
        ValueNode thread = graph.addOrUniqueWithInputs(ReadReservedRegister.createReadIsolateThreadNode(graph));
        return graph.add(new PlainLoadNode(address(thread, ConstantNode.forLong(places.threadLocalOffset, graph)), JavaKind.Long));
    }

    private IncrementNode increment(PlainLoadNode distance, ValueNode offset) {
        return graph.add(new IncrementNode(address(common(), sum(distance, offset))));
    }

    private ValueNode common() {
        return graph.addOrUnique(new CGlobalDataLoadAddressNode(places.commonBlock));
    }

    private ValueNode sum(ValueNode left, ValueNode right) {
        return graph.addOrUniqueWithInputs(AddNode.create(left, right, NodeView.DEFAULT));
    }

    private OffsetAddressNode address(ValueNode base, ValueNode offset) {
        return graph.addOrUnique(new OffsetAddressNode(base, offset));
    }

    private <T extends FixedWithNextNode> T insertBefore(FixedNode node, T inserted) {
        graph.addBeforeFixed(node, inserted);
        return inserted;
    }
}
