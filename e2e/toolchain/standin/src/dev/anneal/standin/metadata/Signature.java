package dev.anneal.standin.metadata;

import java.util.Arrays;
import java.util.List;

/**
 * A method or constructor ({@code <init>}) within its type.
 *
 * @param name the name
 * @param parameterTypes the parameter types as the source language writes them: {@code int}, {@code java.lang.String[]}
 */
public record Signature(String name, List<String> parameterTypes) implements Comparable<Signature> {
    /** Copies the list. */
    public Signature {
        parameterTypes = List.copyOf(parameterTypes);
    }

    /**
     * The signature of a member that was looked up.
     *
     * @param name the name
     * @param parameterTypes the parameter types
     * @return the signature
     */
    public static Signature of(String name, Class<?>... parameterTypes) {
        return new Signature(name, Arrays.stream(parameterTypes).map(Class::getTypeName).toList());
    }

    @Override
    public int compareTo(Signature other) {
        int order = name.compareTo(other.name);
        return order != 0 ? order : parameterTypes.toString().compareTo(other.parameterTypes.toString());
    }

    @Override
    public String toString() {
        return name + "(" + String.join(", ", parameterTypes) + ")";
    }
}
