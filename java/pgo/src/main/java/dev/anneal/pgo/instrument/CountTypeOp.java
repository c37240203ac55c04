package dev.anneal.pgo.instrument;

import static jdk.vm.ci.code.ValueUtil.asRegister;

import dev.anneal.pgo.runtime.TypeTable;
import jdk.graal.compiler.asm.Label;
import jdk.graal.compiler.asm.amd64.AMD64Address;
import jdk.graal.compiler.asm.amd64.AMD64Assembler.ConditionFlag;
import jdk.graal.compiler.asm.amd64.AMD64MacroAssembler;
import jdk.graal.compiler.core.common.Stride;
import jdk.graal.compiler.lir.LIRInstruction;
import jdk.graal.compiler.lir.LIRInstructionClass;
import jdk.graal.compiler.lir.Opcode;
import jdk.graal.compiler.lir.amd64.AMD64LIRInstruction;
import jdk.graal.compiler.lir.asm.CompilationResultBuilder;
import jdk.graal.compiler.lir.gen.LIRGeneratorTool;
import jdk.vm.ci.code.Register;
import jdk.vm.ci.meta.AllocatableValue;

/**
 * The search in a {@link TypeTable}, without a call: one would cost all registers. A type's slot follows from its number;
 * where another type has it, the next ones are tried. Nobody else writes to the table: it is the thread's own.
 */
@Opcode("COUNT_TYPE")
public final class CountTypeOp extends AMD64LIRInstruction {
    public static final LIRInstructionClass<CountTypeOp> TYPE = LIRInstructionClass.create(CountTypeOp.class);

    @Alive({LIRInstruction.OperandFlag.REG}) private AllocatableValue number;
    @Alive({LIRInstruction.OperandFlag.REG}) private AllocatableValue table;
    @Temp({LIRInstruction.OperandFlag.REG}) private AllocatableValue tag;
    @Temp({LIRInstruction.OperandFlag.REG}) private AllocatableValue slot;
    @Temp({LIRInstruction.OperandFlag.REG}) private AllocatableValue tries;

    CountTypeOp(LIRGeneratorTool tool, AllocatableValue number, AllocatableValue table) {
        super(TYPE);
        this.number = number;
        this.table = table;
        tag = tool.newVariable(table.getValueKind());
        slot = tool.newVariable(table.getValueKind());
        tries = tool.newVariable(number.getValueKind());
    }

    @Override
    public void emitCode(CompilationResultBuilder builder, AMD64MacroAssembler code) {
        Register tagRegister = asRegister(tag);
        Register slotRegister = asRegister(slot);
        AMD64Address owner = new AMD64Address(asRegister(table), slotRegister, Stride.S1);
        AMD64Address count = new AMD64Address(asRegister(table), slotRegister, Stride.S1, Long.BYTES);
        Label next = new Label();
        Label claim = new Label();
        Label found = new Label();
        Label done = new Label();
        // Zero is an empty slot. These clear the upper halves of the registers.
        code.movl(tagRegister, asRegister(number));
        code.movl(slotRegister, asRegister(number));
        code.addl(tagRegister, 1);
        code.andl(slotRegister, TypeTable.SLOTS - 1);
        code.shll(slotRegister, TypeTable.SLOT_SHIFT);
        code.movl(asRegister(tries), TypeTable.SLOTS);
        code.bind(next);
        code.cmpq(tagRegister, owner);
        code.jcc(ConditionFlag.Equal, found);
        code.cmpq(owner, 0);
        code.jcc(ConditionFlag.Equal, claim);
        code.addl(slotRegister, 1 << TypeTable.SLOT_SHIFT);
        code.andl(slotRegister, (TypeTable.SLOTS << TypeTable.SLOT_SHIFT) - 1);
        code.subl(asRegister(tries), 1);
        code.jcc(ConditionFlag.NotZero, next);
        code.jmp(done);
        code.bind(claim);
        code.movq(owner, tagRegister);
        code.bind(found);
        code.addq(count, 1);
        code.bind(done);
    }
}
