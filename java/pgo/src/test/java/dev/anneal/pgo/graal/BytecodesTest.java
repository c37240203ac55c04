package dev.anneal.pgo.graal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The JDK's own reader of class files knows the answers. */
class BytecodesTest {
    private int branches;
    private int switches;

    @Test
    void branchesAndSwitchesLeadWhereTheClassFileApiSays() throws IOException {
        for (Class<?> type : List.of(java.util.Formatter.class, String.class, java.util.HashMap.class, java.util.regex.Pattern.class)) {
            try (InputStream file = type.getResourceAsStream("/" + type.getName().replace('.', '/') + ".class")) {
                ClassFile.of().parse(file.readAllBytes()).methods().forEach(this::check);
            }
        }
        assertTrue(branches > 1000 && switches > 5, branches + " branches and " + switches + " switches were seen");
    }

    private void check(MethodModel method) {
        CodeModel code = method.code().orElse(null);
        if (!(code instanceof CodeAttribute attribute)) {
            return;
        }
        Bytecodes bytecodes = new Bytecodes(attribute.codeArray());
        int bci = 0;
        for (var element : code) {
            if (!(element instanceof Instruction instruction)) {
                continue;
            }
            boolean isGoto = instruction.opcode().name().startsWith("GOTO");
            if (instruction instanceof BranchInstruction branch && !isGoto) {
                assertTrue(bytecodes.isBranch(bci));
                assertEquals(attribute.labelToBci(branch.target()), bytecodes.taken(bci));
                assertEquals(bci + instruction.sizeInBytes(), Bytecodes.fallThrough(bci));
                branches++;
            } else {
                assertFalse(bytecodes.isBranch(bci));
            }
            if (instruction instanceof TableSwitchInstruction table) {
                check(bytecodes, attribute, bci, table.cases(), table.defaultTarget());
            } else if (instruction instanceof LookupSwitchInstruction lookup) {
                check(bytecodes, attribute, bci, lookup.cases(), lookup.defaultTarget());
            } else {
                assertFalse(bytecodes.isSwitch(bci));
            }
            int next = bci + instruction.sizeInBytes();
            if (!(instruction instanceof BranchInstruction) && !bytecodes.isSwitch(bci) && next < attribute.codeLength()) {
                boolean isEnd = instruction.opcode().name().contains("RETURN") || instruction.opcode().name().equals("ATHROW");
                assertEquals(!isEnd, bytecodes.leads(bci, next), instruction + " at " + bci);
            }
            bci = next;
        }
    }

    private void check(Bytecodes bytecodes, CodeAttribute code, int bci, List<SwitchCase> cases, Label byDefault) {
        assertTrue(bytecodes.isSwitch(bci));
        assertEquals(code.labelToBci(byDefault), bytecodes.defaultTarget(bci));
        for (SwitchCase one : cases) {
            assertEquals(code.labelToBci(one.target()), bytecodes.target(bci, one.caseValue()));
        }
        if (cases.stream().noneMatch(one -> one.caseValue() == Integer.MIN_VALUE)) {
            assertEquals(bytecodes.defaultTarget(bci), bytecodes.target(bci, Integer.MIN_VALUE));
        }
        switches++;
    }
}
