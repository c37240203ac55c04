package dev.anneal.pgo.instrument;

import jdk.graal.compiler.core.common.type.StampFactory;
import jdk.graal.compiler.graph.NodeClass;
import jdk.graal.compiler.lir.gen.LIRGeneratorTool;
import jdk.graal.compiler.nodeinfo.NodeCycles;
import jdk.graal.compiler.nodeinfo.NodeInfo;
import jdk.graal.compiler.nodeinfo.NodeSize;
import jdk.graal.compiler.nodes.FixedWithNextNode;
import jdk.graal.compiler.nodes.ValueNode;
import jdk.graal.compiler.nodes.spi.LIRLowerable;
import jdk.graal.compiler.nodes.spi.NodeLIRBuilderTool;

/** Counts a type in a table of the first ones that come, for places where too many may come for a cell each. */
@NodeInfo(cycles = NodeCycles.CYCLES_8, size = NodeSize.SIZE_16)
public final class CountTypeNode extends FixedWithNextNode implements LIRLowerable {
    public static final NodeClass<CountTypeNode> TYPE = NodeClass.create(CountTypeNode.class);

    @Input private ValueNode number;
    @Input private ValueNode table;

    CountTypeNode(ValueNode number, ValueNode table) {
        super(TYPE, StampFactory.forVoid());
        this.number = number;
        this.table = table;
    }

    @Override
    public void generate(NodeLIRBuilderTool builder) {
        LIRGeneratorTool tool = builder.getLIRGeneratorTool();
        tool.append(new CountTypeOp(tool, tool.asAllocatable(builder.operand(number)), tool.asAllocatable(builder.operand(table))));
    }
}
