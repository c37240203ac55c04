package dev.anneal.standin.rewrite;

import dev.anneal.standin.runtime.Counters;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.MonitorInstruction;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.lang.classfile.instruction.TypeCheckInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;

/** Adds counters to one method; every place is named by its index in the original bytecode. */
final class CountTransform implements CodeTransform {
    private static final ClassDesc COUNTERS = Counters.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc HIT = MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_int);
    private static final MethodTypeDesc TYPE =
            MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_Object, ConstantDescs.CD_int);

    private final CodeAttribute code;
    private final int method;
    private final SiteTable sites;
    private int bci;

    CountTransform(CodeAttribute code, int method, SiteTable sites) {
        this.code = code;
        this.method = method;
        this.sites = sites;
    }

    @Override
    public void atStart(CodeBuilder builder) {
        hit(builder, sites.entryCounter(method));
    }

    @Override
    public void accept(CodeBuilder builder, CodeElement element) {
        switch (element) {
            case BranchInstruction branch when isConditional(branch.opcode()) -> conditional(builder, branch);
            case TableSwitchInstruction table -> tableSwitch(builder, table);
            case LookupSwitchInstruction lookup -> lookupSwitch(builder, lookup);
            case InvokeInstruction call when isVirtual(call) -> virtual(builder, call);
            case TypeCheckInstruction check when check.opcode() == Opcode.INSTANCEOF -> {
                builder.dup();
                type(builder, sites.addInstanceof(method, bci));
                builder.with(check);
            }
            case MonitorInstruction monitor when monitor.opcode() == Opcode.MONITORENTER -> {
                builder.dup();
                type(builder, SiteTable.MONITORS);
                builder.with(monitor);
            }
            default -> builder.with(element);
        }
        if (element instanceof Instruction instruction) {
            bci += instruction.sizeInBytes();
        }
    }

    private void conditional(CodeBuilder builder, BranchInstruction branch) {
        int counter = sites.addBranch(method, bci,
                List.of(code.labelToBci(branch.target()), bci + branch.sizeInBytes()));
        Label taken = builder.newLabel();
        Label after = builder.newLabel();
        builder.branch(branch.opcode(), taken);
        hit(builder, counter + 1);
        builder.goto_(after);
        builder.labelBinding(taken);
        hit(builder, counter);
        builder.goto_(branch.target());
        builder.labelBinding(after);
    }

    private void tableSwitch(CodeBuilder builder, TableSwitchInstruction table) {
        Switch counted = new Switch(builder, table.cases(), table.defaultTarget());
        builder.tableswitch(table.lowValue(), table.highValue(), counted.otherwise, counted.cases);
        counted.landings(builder);
    }

    private void lookupSwitch(CodeBuilder builder, LookupSwitchInstruction lookup) {
        Switch counted = new Switch(builder, lookup.cases(), lookup.defaultTarget());
        builder.lookupswitch(counted.otherwise, counted.cases);
        counted.landings(builder);
    }

    private void virtual(CodeBuilder builder, InvokeInstruction call) {
        int site = sites.addVirtual(method, bci);
        Receiver.inspect(builder, call.typeSymbol(), () -> type(builder, site));
        builder.with(call);
    }

    private static boolean isConditional(Opcode opcode) {
        return opcode != Opcode.GOTO && opcode != Opcode.GOTO_W;
    }

    private static boolean isVirtual(InvokeInstruction call) {
        boolean dispatched = call.opcode() == Opcode.INVOKEVIRTUAL || call.opcode() == Opcode.INVOKEINTERFACE;
        return dispatched && !AccessTransform.concerns(call) && FinalTypes.mayDispatch(call.owner().asSymbol());
    }

    private static void hit(CodeBuilder builder, int counter) {
        builder.loadConstant(counter).invokestatic(COUNTERS, "hit", HIT);
    }

    private static void type(CodeBuilder builder, int site) {
        builder.loadConstant(site).invokestatic(COUNTERS, "type", TYPE);
    }

    /** A switch whose every key first lands at a counter of its own. */
    private final class Switch {
        private final List<SwitchCase> cases = new ArrayList<>();
        private final List<Label> landings = new ArrayList<>();
        private final List<Label> targets = new ArrayList<>();
        private final Label otherwise;
        private final int counter;

        Switch(CodeBuilder builder, List<SwitchCase> original, Label defaultTarget) {
            for (SwitchCase one : original) {
                cases.add(SwitchCase.of(one.caseValue(), land(builder, one.target())));
            }
            otherwise = land(builder, defaultTarget);
            counter = sites.addBranch(method, bci, targets.stream().map(code::labelToBci).toList());
        }

        private Label land(CodeBuilder builder, Label target) {
            Label landing = builder.newLabel();
            landings.add(landing);
            targets.add(target);
            return landing;
        }

        void landings(CodeBuilder builder) {
            for (int i = 0; i < landings.size(); i++) {
                builder.labelBinding(landings.get(i));
                hit(builder, counter + i);
                builder.goto_(targets.get(i));
            }
        }
    }
}
