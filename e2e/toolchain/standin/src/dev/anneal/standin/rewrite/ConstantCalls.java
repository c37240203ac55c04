package dev.anneal.standin.rewrite;

import dev.anneal.standin.metadata.Metadata;
import dev.anneal.standin.metadata.Signature;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.ArrayStoreInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.NewReferenceArrayInstruction;
import java.lang.classfile.instruction.StackInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Registers look-ups whose arguments are constants that stand immediately before the call, as a compiler that folds
 * constants would. An approximation: constants that pass through a variable are not seen.
 */
public final class ConstantCalls {
    private static final Pattern TYPE_NAME = Pattern.compile("[^.;\\[/]+(\\.[^.;\\[/]+)*");

    private final Metadata metadata;
    private final Deque<Object> stack = new ArrayDeque<>();

    private ConstantCalls(Metadata metadata) {
        this.metadata = metadata;
    }

    /**
     * Adds the constant look-ups of a class to the metadata.
     *
     * @param metadata what to add to
     * @param bytes the class file
     */
    public static void register(Metadata metadata, byte[] bytes) {
        ClassModel model = ClassFile.of().parse(bytes);
        model.methods().forEach(method -> method.code().ifPresent(code -> new ConstantCalls(metadata).scan(code)));
    }

    private void scan(CodeModel code) {
        for (CodeElement element : code) {
            if (element instanceof Instruction instruction) {
                next(instruction);
            }
        }
    }

    /** Follows constants on a stack of its own, and forgets everything at the first instruction that is none. */
    private void next(Instruction instruction) {
        switch (instruction) {
            case ConstantInstruction constant -> stack.addLast(constant.constantValue());
            case FieldInstruction field when isPrimitiveType(field) -> stack.addLast(primitive(field.owner().asSymbol()));
            case NewReferenceArrayInstruction array when array.componentType().asSymbol().equals(ConstantDescs.CD_Class)
                    && stack.peekLast() instanceof Integer -> {
                stack.removeLast();
                stack.addLast(new ArrayList<ClassDesc>());
            }
            case StackInstruction copy when copy.opcode() == Opcode.DUP && stack.peekLast() instanceof List<?> array ->
                    stack.addLast(array);
            case ArrayStoreInstruction store when store.opcode() == Opcode.AASTORE && stack.size() >= 3 -> storeElement();
            case InvokeInstruction call -> {
                ClassDesc result = call(call.owner().asSymbol(), call.name().stringValue());
                stack.clear();
                if (result != null) {
                    stack.addLast(result);
                }
            }
            default -> stack.clear();
        }
    }

    @SuppressWarnings("unchecked") // Only lists of types are pushed.
    private void storeElement() {
        Object value = stack.removeLast();
        stack.removeLast();
        if (value instanceof ClassDesc type && stack.removeLast() instanceof List<?> array) {
            ((List<ClassDesc>) array).add(type);
        } else {
            stack.clear();
        }
    }

    /** Registers what a call looks up; answers the type that it returns, if that is a constant too. */
    private ClassDesc call(ClassDesc owner, String name) {
        if (!owner.equals(ConstantDescs.CD_Class)) {
            return null;
        }
        Object last = stack.pollLast();
        switch (name) {
            case "forName" -> {
                if (last instanceof String type && TYPE_NAME.matcher(type).matches()) {
                    metadata.addType(type);
                    return ClassDesc.of(type);
                }
            }
            case "getField", "getDeclaredField" -> {
                if (last instanceof String field && stack.pollLast() instanceof ClassDesc type) {
                    metadata.addField(TypeNames.source(type), field);
                }
            }
            case "getMethod", "getDeclaredMethod" -> {
                if (last instanceof List<?> types && stack.pollLast() instanceof String method) {
                    member(method, types);
                }
            }
            case "getConstructor", "getDeclaredConstructor" -> {
                if (last instanceof List<?> types) {
                    member("<init>", types);
                }
            }
            default -> {
                // No look-up of one element.
            }
        }
        return null;
    }

    private void member(String name, List<?> parameters) {
        if (stack.pollLast() instanceof ClassDesc type) {
            List<String> names = parameters.stream().map(ClassDesc.class::cast).map(TypeNames::source).toList();
            metadata.addMethod(TypeNames.source(type), new Signature(name, names));
        }
    }

    private static boolean isPrimitiveType(FieldInstruction field) {
        return field.opcode() == Opcode.GETSTATIC && field.name().equalsString("TYPE") && primitive(field.owner().asSymbol()) != null;
    }

    private static ClassDesc primitive(ClassDesc wrapper) {
        return switch (wrapper.descriptorString()) {
            case "Ljava/lang/Boolean;" -> ConstantDescs.CD_boolean;
            case "Ljava/lang/Byte;" -> ConstantDescs.CD_byte;
            case "Ljava/lang/Character;" -> ConstantDescs.CD_char;
            case "Ljava/lang/Short;" -> ConstantDescs.CD_short;
            case "Ljava/lang/Integer;" -> ConstantDescs.CD_int;
            case "Ljava/lang/Long;" -> ConstantDescs.CD_long;
            case "Ljava/lang/Float;" -> ConstantDescs.CD_float;
            case "Ljava/lang/Double;" -> ConstantDescs.CD_double;
            default -> null;
        };
    }
}
