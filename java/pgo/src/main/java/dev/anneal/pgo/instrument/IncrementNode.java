package dev.anneal.pgo.instrument;

import jdk.graal.compiler.asm.amd64.AMD64Assembler.AMD64BinaryArithmetic;
import jdk.graal.compiler.asm.amd64.AMD64BaseAssembler.OperandSize;
import jdk.graal.compiler.core.amd64.AMD64LIRGenerator;
import jdk.graal.compiler.core.common.type.StampFactory;
import jdk.graal.compiler.graph.NodeClass;
import jdk.graal.compiler.lir.amd64.AMD64BinaryConsumer;
import jdk.graal.compiler.nodeinfo.InputType;
import jdk.graal.compiler.nodeinfo.NodeCycles;
import jdk.graal.compiler.nodeinfo.NodeInfo;
import jdk.graal.compiler.nodeinfo.NodeSize;
import jdk.graal.compiler.nodes.FixedWithNextNode;
import jdk.graal.compiler.nodes.memory.address.AddressNode;
import jdk.graal.compiler.nodes.spi.LIRLowerable;
import jdk.graal.compiler.nodes.spi.NodeLIRBuilderTool;

/** Adds one to a counter. It kills no memory on purpose: nothing of the program reads counters. */
@NodeInfo(cycles = NodeCycles.CYCLES_2, size = NodeSize.SIZE_2)
public final class IncrementNode extends FixedWithNextNode implements LIRLowerable {
    public static final NodeClass<IncrementNode> TYPE = NodeClass.create(IncrementNode.class);

    @Input(InputType.Association) private AddressNode address;

    IncrementNode(AddressNode address) {
        super(TYPE, StampFactory.forVoid());
        this.address = address;
    }

    @Override
    public void generate(NodeLIRBuilderTool builder) {
        AMD64LIRGenerator tool = (AMD64LIRGenerator) builder.getLIRGeneratorTool();
        tool.append(new AMD64BinaryConsumer.MemoryConstOp(AMD64BinaryArithmetic.ADD.getMIOpcode(OperandSize.QWORD, true), OperandSize.QWORD,
                tool.asAddressValue(builder.operand(address)), 1, null));
    }
}
