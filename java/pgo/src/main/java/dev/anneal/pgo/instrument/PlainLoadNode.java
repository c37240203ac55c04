package dev.anneal.pgo.instrument;

import jdk.graal.compiler.core.common.memory.MemoryExtendKind;
import jdk.graal.compiler.core.common.memory.MemoryOrderMode;
import jdk.graal.compiler.core.common.type.StampFactory;
import jdk.graal.compiler.graph.NodeClass;
import jdk.graal.compiler.lir.gen.LIRGeneratorTool;
import jdk.graal.compiler.nodeinfo.InputType;
import jdk.graal.compiler.nodeinfo.NodeCycles;
import jdk.graal.compiler.nodeinfo.NodeInfo;
import jdk.graal.compiler.nodeinfo.NodeSize;
import jdk.graal.compiler.nodes.FixedWithNextNode;
import jdk.graal.compiler.nodes.memory.address.AddressNode;
import jdk.graal.compiler.nodes.spi.LIRLowerable;
import jdk.graal.compiler.nodes.spi.NodeLIRBuilderTool;
import jdk.vm.ci.meta.JavaKind;

/** Reads memory where it stands: nothing of the program writes there, and no optimization may move it over a safepoint. */
@NodeInfo(cycles = NodeCycles.CYCLES_2, size = NodeSize.SIZE_1)
public final class PlainLoadNode extends FixedWithNextNode implements LIRLowerable {
    public static final NodeClass<PlainLoadNode> TYPE = NodeClass.create(PlainLoadNode.class);

    @Input(InputType.Association) private AddressNode address;

    PlainLoadNode(AddressNode address, JavaKind kind) {
        super(TYPE, StampFactory.forKind(kind));
        this.address = address;
    }

    @Override
    public void generate(NodeLIRBuilderTool builder) {
        LIRGeneratorTool tool = builder.getLIRGeneratorTool();
        builder.setResult(this, tool.getArithmetic().emitLoad(tool.getLIRKind(stamp), builder.operand(address), null,
                MemoryOrderMode.PLAIN, MemoryExtendKind.DEFAULT));
    }
}
