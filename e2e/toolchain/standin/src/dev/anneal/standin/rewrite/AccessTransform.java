package dev.anneal.standin.rewrite;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.Map;

/** Replaces calls of the {@link AccessTable}, or puts a check before them. */
final class AccessTransform implements CodeTransform {
    private static final Map<String, ClassDesc> CHECKED = Map.of(
            "beforeInvoke", ClassDesc.of("java.lang.reflect.Method"),
            "beforeNewInstance", ClassDesc.of("java.lang.reflect.Constructor"),
            "beforeFieldAccess", ClassDesc.of("java.lang.reflect.Field"));

    private final ClassDesc caller;

    AccessTransform(ClassDesc caller) {
        this.caller = caller;
    }

    /** Whether a call is one that this transform changes. */
    static boolean concerns(InvokeInstruction call) {
        return replacement(call) != null || check(call) != null;
    }

    @Override
    public void accept(CodeBuilder builder, CodeElement element) {
        if (!(element instanceof InvokeInstruction call)) {
            builder.with(element);
            return;
        }
        AccessTable.Replacement replacement = replacement(call);
        if (replacement != null) {
            if (replacement.withCaller()) {
                builder.loadConstant(caller);
            }
            builder.invokestatic(AccessTable.GATE, replacement.name(), replacement.type());
            return;
        }
        String check = check(call);
        if (check != null) {
            Receiver.inspect(builder, call.typeSymbol(), () -> builder.invokestatic(
                    AccessTable.GATE, check, MethodTypeDesc.of(ConstantDescs.CD_void, CHECKED.get(check))));
        }
        builder.with(call);
    }

    private static AccessTable.Replacement replacement(InvokeInstruction call) {
        return AccessTable.replacement(call.owner().asSymbol(), call.name().stringValue(), call.type().stringValue());
    }

    private static String check(InvokeInstruction call) {
        return AccessTable.check(call.owner().asSymbol(), call.name().stringValue(), call.type().stringValue());
    }
}
