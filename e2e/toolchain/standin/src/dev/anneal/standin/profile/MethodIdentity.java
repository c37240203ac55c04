package dev.anneal.standin.profile;

import java.util.List;

/** How a method is named across files: declaring type, name, return type, parameter types. */
public final class MethodIdentity {
    private MethodIdentity() {
    }

    /**
     * Joins the parts.
     *
     * @param name the method's name
     * @param signature declaring type, return type and parameter types, as {@code Class.getName()} has them
     * @return the identity
     */
    public static String of(String name, List<String> signature) {
        return signature.getFirst() + "." + name + signature.subList(2, signature.size()) + signature.get(1);
    }
}
