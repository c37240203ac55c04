package dev.anneal.standin.rewrite;

import java.lang.constant.ClassDesc;

/** The two spellings of type names: profiles print them as {@code Class.getName()}, metadata as {@code getTypeName()}. */
public final class TypeNames {
    private TypeNames() {
    }

    /**
     * The name as {@code Class.getName()} has it.
     *
     * @param type the type
     * @return for example {@code int}, {@code a.B$C}, {@code [La.B;}
     */
    public static String binary(ClassDesc type) {
        String descriptor = type.descriptorString();
        if (type.isPrimitive()) {
            return type.displayName();
        }
        String dotted = descriptor.replace('/', '.');
        return type.isArray() ? dotted : dotted.substring(1, dotted.length() - 1);
    }

    /**
     * The name as {@code Class.getTypeName()} has it.
     *
     * @param type the type
     * @return for example {@code int}, {@code a.B$C}, {@code a.B[]}
     */
    public static String source(ClassDesc type) {
        return type.isArray() ? source(type.componentType()) + "[]" : binary(type);
    }
}
