package dev.anneal.standin.rewrite;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.MethodTypeDesc;

/** Reaches the receiver of a call that is about to be made, below its arguments on the stack. */
final class Receiver {
    private Receiver() {
    }

    /** Writes code that takes the receiver off the stack, while receiver and arguments stay for the call. */
    static void inspect(CodeBuilder builder, MethodTypeDesc type, Runnable consumer) {
        int count = type.parameterCount();
        int[] slots = new int[count];
        for (int i = count - 1; i >= 0; i--) {
            TypeKind kind = TypeKind.from(type.parameterType(i));
            slots[i] = builder.allocateLocal(kind);
            builder.storeLocal(kind, slots[i]);
        }
        builder.dup();
        consumer.run();
        for (int i = 0; i < count; i++) {
            builder.loadLocal(TypeKind.from(type.parameterType(i)), slots[i]);
        }
    }
}
